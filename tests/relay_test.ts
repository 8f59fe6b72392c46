import { assertEquals, assertRejects, assertStrictEquals } from "@std/assert";
import { relay, type RelayEnd } from "@npws/pool/relay";
import { connect, Socket } from "node:net";
import { atRest } from "./at_rest.ts";
import { bytes, readText, write, writeAndClose } from "./contract/streams.ts";
import { test } from "./harness.ts";
import { memoryEnds } from "./relay/memory_end.ts";
import { deadPort } from "./tunnel/target.ts";

const never = new Promise<never>(() => {});

test("relay() moves bytes both ways and counts them", async () => {
  const [a, b] = [memoryEnds(), memoryEnds()];
  const moved = relay(a.near, b.near);
  const sent = [writeAndClose(a.far, "there"), writeAndClose(b.far, "and back")];
  assertEquals(await Promise.all([readText(b.far), readText(a.far)]), ["there", "and back"]);
  await Promise.all(sent);
  assertEquals(await moved, { aToB: 5, bToA: 8 });
});

test("relay() leaves one direction open when the other one ends", async () => {
  const [a, b] = [memoryEnds(), memoryEnds()];
  const moved = relay(a.near, b.near);
  await Promise.all([writeAndClose(a.far, "question"), readText(b.far)]);
  const answers = [write(b.far, "first "), readText(a.far)] as const;
  await answers[0];
  await writeAndClose(b.far, "second");
  assertEquals(await answers[1], "first second");
  assertEquals(await moved, { aToB: 8, bToA: 12 });
});

test("relay() aborts both ends with the error that breaks a readable", async () => {
  const [a, b] = [memoryEnds(), memoryEnds()];
  const moved = relay(a.near, b.near);
  const error = new Error("broken");
  await a.far.writable.abort(error);
  assertStrictEquals(await assertRejects(() => moved), error);
  await assertBroken(a.far, b.far, error);
});

test("relay() aborts both ends with the error that breaks a writable, also while nothing moves", async () => {
  const [a, b] = [memoryEnds(), memoryEnds()];
  const moved = relay(a.near, b.near);
  const error = new Error("broken");
  await b.far.readable.cancel(error);
  assertStrictEquals(await assertRejects(() => moved), error);
  await assertBroken(a.far, undefined, error);
});

test("relay() notices a broken readable while the other end takes nothing", async () => {
  const [a, b] = [memoryEnds(), memoryEnds()];
  const moved = relay(a.near, b.near);
  const writer = a.far.writable.getWriter();
  for (const chunk of ["one", "two"]) await writer.write(bytes(chunk)); // the first waits in b, the second in the relay
  const error = new Error("broken");
  await writer.abort(error);
  assertStrictEquals(await assertRejects(() => moved), error);
});

/**
 * What arrives for a writable that breaks on its own while a write never settles. If it has no room, nothing needs to arrive.
 */
const comes: Record<string, { highWaterMark: number; come?: (writer: WritableStreamDefaultWriter) => Promise<void> }> =
  {
    "it has no room": { highWaterMark: 1 },
    "it has room, when more comes": { highWaterMark: 10, come: (writer) => writer.write(bytes("more")) },
    "it has room, when the end comes": { highWaterMark: 10, come: (writer) => writer.close() },
  };

for (const [what, { highWaterMark, come }] of Object.entries(comes)) {
  test(`relay() notices a writable that breaks by itself while a write never ends and ${what}`, async () => {
    const [a, b] = [memoryEnds(), memoryEnds()];
    let broken!: WritableStreamDefaultController;
    const start = (controller: WritableStreamDefaultController) => void (broken = controller);
    const moved = relay(a.near, {
      ...b.near,
      writable: new WritableStream({ start, write: () => never }, { highWaterMark }),
    });
    const rejected = assertRejects(() => moved);
    const writer = a.far.writable.getWriter();
    await writer.write(bytes("stuck"));
    const error = new Error("broken");
    broken.error(error);
    await new Promise((resolve) => setTimeout(resolve)); // gives the relay the chance to notice
    come?.(writer).catch(() => {});
    assertStrictEquals(await rejected, error);
  });
}

test("relay() moves bytes behind those that a writable has already, though it has no room for more", async () => {
  const [a, b] = [memoryEnds(), memoryEnds()];
  await using full = fullWritable(b.near.writable);
  const moved = relay(a.near, { ...b.near, writable: full.writable });
  const text = readText(b.far);
  await Promise.all([full.header, writeAndClose(a.far, "and body")]);
  assertEquals(await text, "header and body");
  await Promise.all([b.far.writable.close(), readText(a.far)]);
  assertEquals(await moved, { aToB: 8, bToA: 0 });
});

test("relay() ends a writable that never has room, where nothing comes for it", async () => {
  const [a, b] = [memoryEnds(), memoryEnds()];
  const { promise: closed, resolve: close } = Promise.withResolvers<void>();
  const moved = relay(a.near, { ...b.near, writable: new WritableStream({ close }, { highWaterMark: 0 }) });
  await a.far.writable.close();
  await closed;
  await Promise.all([b.far.writable.close(), readText(a.far)]);
  await moved;
});

test("relay() breaks at what comes for a writable that is closed, be it the end", async () => {
  for (const send of [(far: RelayEnd) => write(far, "bytes"), (far: RelayEnd) => far.writable.close()]) {
    const [a, b] = [memoryEnds(), memoryEnds()];
    await Promise.all([b.near.writable.close(), readText(b.far)]);
    const rejected = assertRejects(() => relay(a.near, b.near), TypeError);
    await send(a.far);
    await rejected;
  }
});

test("relay() hears a signal that is aborted by what an end does when it begins", async () => {
  const { near } = memoryEnds();
  const stop = new AbortController();
  const socket = new Socket({ allowHalfOpen: true });
  socket.resume = () => {
    stop.abort(new Error("enough"));
    return socket;
  };
  await assertRejects(() => relay(near, socket, { signal: stop.signal }), Error, "enough");
});

test("relay() of a socket that cannot connect, and a signal that is aborted already, rejects and no more", async () => {
  const socket = connect({ host: "127.0.0.1", port: await deadPort(), allowHalfOpen: true });
  const closed = new Promise((resolve) => socket.once("close", resolve));
  const reason = new Error("too late");
  const { near } = memoryEnds();
  assertStrictEquals(await assertRejects(() => relay(near, socket, { signal: AbortSignal.abort(reason) })), reason);
  assertEquals(socket.destroyed, true);
  await closed;
});

test("relay() rejects with what an end throws, and aborts the other one", async () => {
  const { near, far } = memoryEnds();
  const error = new Error("broken");
  const socket = new Socket({ allowHalfOpen: true });
  socket.write = () => {
    throw error;
  };
  const moved = relay(near, socket);
  far.writable.getWriter().write(bytes("thrown at")).catch(() => {});
  assertStrictEquals(await assertRejects(() => moved), error);
  assertStrictEquals(await assertRejects(() => far.readable.getReader().read()), error);
});

test("relay() breaks the direction that is left open when the other one has ended well", async () => {
  const [a, b] = [memoryEnds(), memoryEnds()];
  const moved = relay(a.near, b.near);
  await Promise.all([writeAndClose(a.far, "question"), readText(b.far)]);
  const error = new Error("broken");
  const answer = readText(a.far);
  await b.far.writable.abort(error);
  assertStrictEquals(await assertRejects(() => answer), error);
  assertStrictEquals(await assertRejects(() => moved), error);
});

test("relay() reads no further than a reader that takes nothing allows", async () => {
  let read = 0;
  const source = new ReadableStream({ pull: (controller) => controller.enqueue(Uint8Array.of(read++)) }, {
    highWaterMark: 0,
  });
  const { promise: isWriting, resolve } = Promise.withResolvers<void>();
  const stuck = new WritableStream({ write: () => (resolve(), never) });
  const [a, b] = [{ ...memoryEnds().near, readable: source }, { ...memoryEnds().near, writable: stuck }];
  const stop = new AbortController();
  const moved = relay(a, b, { signal: stop.signal });
  await isWriting;
  await new Promise((resolve) => setTimeout(resolve)); // whatever it would read, it reads immediately
  assertEquals(read, 2);
  stop.abort();
  await assertRejects(() => moved);
});

test("relay() lets no more than 1 MiB wait at a writable that counts chunks", async () => {
  let [read, written, allowed] = [0, 0, 0];
  let allowMore = Promise.withResolvers<void>();
  const pull = (controller: ReadableStreamDefaultController) => controller.enqueue(new Uint8Array(65_536).fill(read++));
  const write = async () => {
    while (written >= allowed) await allowMore.promise;
    written++;
  };
  const a = { ...memoryEnds().near, readable: new ReadableStream({ pull }, { highWaterMark: 0 }) };
  const b = { ...memoryEnds().near, writable: new WritableStream({ write }, { highWaterMark: 1_000 }) };
  const stop = new AbortController();
  const moved = relay(a, b, { signal: stop.signal });
  for (const count of [0, 100]) {
    allowed = count;
    allowMore.resolve();
    allowMore = Promise.withResolvers();
    await atRest(() => read);
    assertEquals([written, read], [count, count + 17]); // 16 are queued, and the relay holds the next one
  }
  stop.abort();
  await assertRejects(() => moved);
});

test("relay() ends with the signal's reason and aborts both ends with it", async () => {
  const [a, b] = [memoryEnds(), memoryEnds()];
  const stop = new AbortController();
  const moved = relay(a.near, b.near, { signal: stop.signal });
  const reason = new Error("enough");
  stop.abort(reason);
  assertStrictEquals(await assertRejects(() => moved), reason);
  await assertBroken(a.far, b.far, reason);
});

test("relay() ends with the signal's reason also when a write never ends", async () => {
  const [a, b] = [memoryEnds(), { ...memoryEnds().near, writable: new WritableStream({ write: () => never }) }];
  const stop = new AbortController();
  const moved = relay(a.near, b, { signal: stop.signal });
  await write(a.far, "stuck");
  stop.abort(new Error("enough"));
  await assertRejects(() => moved, Error, "enough");
});

test("relay() moves nothing when the signal is aborted already", async () => {
  const [a, b] = [memoryEnds(), memoryEnds()];
  const reason = new Error("too late");
  assertStrictEquals(await assertRejects(() => relay(a.near, b.near, { signal: AbortSignal.abort(reason) })), reason);
  await assertBroken(a.far, b.far, reason);
});

test("relay() refuses a locked end and touches none", async () => {
  for (const side of ["readable", "writable"] as const) {
    const [a, b] = [memoryEnds(), memoryEnds()];
    side === "readable" ? b.near.readable.getReader() : b.near.writable.getWriter();
    const message = `Cannot relay: the ${side} of the second end is locked`;
    await assertRejects(() => relay(a.near, b.near), TypeError, message);
    assertEquals(locks(a.near), [false, false]);
  }
});

test("relay() refuses what is no end", async () => {
  const { near } = memoryEnds();
  const message = "Cannot relay: the second end must have a readable and a writable, got ";
  await assertRejects(() => relay(near, undefined as unknown as RelayEnd), TypeError, `${message}undefined`);
  await assertRejects(() => relay(near, { readable: near.readable } as RelayEnd), TypeError, `${message}an object`);
  await assertRejects(() => relay(near, near), TypeError, "Cannot relay: both ends are the same");
  const [one, other] = [memoryEnds().near, memoryEnds().near];
  for (const shared of [{ ...other, readable: one.readable }, { ...other, writable: one.writable }]) {
    await assertRejects(() => relay(one, shared), TypeError, "Cannot relay: both ends have the same stream");
  }
  assertEquals(locks(near, one, other), Array(6).fill(false));
});

test("relay() takes for a socket only what has all that it needs of one", async () => {
  const { near } = memoryEnds();
  const noop = () => {};
  const socket = { on: noop, pause: noop, resume: noop, write: noop, end: noop, destroy: noop, allowHalfOpen: true };
  const direct = { read: noop, write: noop, closeWrite: noop, close: noop };
  for (const whole of [socket, direct]) {
    for (const missing of Object.keys(whole)) {
      const end = Object.fromEntries(Object.entries(whole).filter(([name]) => name !== missing));
      const message = "the second end must have a readable and a writable, got an object";
      await assertRejects(() => relay(near, end as unknown as RelayEnd), TypeError, message, missing);
    }
  }
});

test("relay() refuses a socket that cannot end one direction alone", async () => {
  const { near } = memoryEnds();
  const whole = new Socket();
  await assertRejects(
    () => relay(near, whole),
    TypeError,
    "the second end must be a socket made with allowHalfOpen: true",
  );
  whole.destroy();
  assertEquals(locks(near), [false, false]);
});

test("relay() refuses wrong options", async () => {
  const ends = [memoryEnds().near, memoryEnds().near] as const;
  await assertRejects(() => relay(...ends, { signal: 1 as unknown as AbortSignal }), TypeError, "signal must be");
  await assertRejects(() => relay(...ends, { timeoutMs: 1 } as object), TypeError, "timeoutMs");
  assertEquals(locks(...ends), [false, false, false, false]);
});

test("relay() breaks both ends when a readable gives no bytes", async () => {
  const [a, b] = [memoryEnds(), memoryEnds()];
  const moved = relay(a.near, b.near);
  a.far.writable.getWriter().write("text" as unknown as Uint8Array).catch(() => {});
  await assertRejects(() => moved, TypeError, "Cannot relay: a readable must yield Uint8Array chunks, got a string");
});

/** Asserts that reads and writes fail at each end with this error. */
async function assertBroken(a: RelayEnd, b: RelayEnd | undefined, error: Error): Promise<void> {
  for (const end of b ? [a, b] : [a]) {
    assertStrictEquals(await assertRejects(() => end.readable.getReader().read()), error);
    assertStrictEquals(await assertRejects(() => end.writable.getWriter().closed), error);
  }
}

/** A writable that pipes into another one and is full from the start. */
function fullWritable(target: WritableStream<Uint8Array>) {
  const { readable, writable } = new TransformStream<Uint8Array, Uint8Array>();
  const writer = writable.getWriter();
  const header = writer.write(bytes("header "));
  assertEquals(writer.desiredSize, 0);
  writer.releaseLock();
  const piped = readable.pipeTo(target);
  return { writable, header, [Symbol.asyncDispose]: () => piped };
}

function locks(...ends: RelayEnd[]): boolean[] {
  return ends.flatMap(({ readable, writable }) => [readable.locked, writable.locked]);
}

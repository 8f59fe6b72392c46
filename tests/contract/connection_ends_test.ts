import { assertEquals, assertInstanceOf, assertRejects, assertStrictEquals } from "@std/assert";
import { ConnectionResetError } from "@npws/pool";
import { test } from "../harness.ts";
import { startPools } from "./pools.ts";
import { readText, write, writeAndClose } from "./streams.ts";

/** Both ends of a connection of npws/2. */
async function setUp() {
  const pools = await startPools({ protocol: 2 });
  const [near, peer] = await Promise.all([pools.client.open(), pools.server.accept()]);
  return { pools, near, peer, [Symbol.asyncDispose]: () => pools[Symbol.asyncDispose]() };
}

test("connection.closed is one promise, however often it is asked for", async () => {
  await using setting = await setUp();
  assertStrictEquals(setting.near.closed, setting.near.closed);
});

test("connection.readable that is asked for after the peer's end is closed, though nobody reads", async () => {
  await using setting = await setUp();
  const { near, peer } = setting;
  await peer.writable.close();
  await write(near, "after the end");
  await Promise.all([setting.pools.client.open(), setting.pools.server.accept()]); // takes longer than the end
  await near.readable.getReader().closed;
});

test("connection.readable that is asked for after the peer stopped reading still reads", async () => {
  await using setting = await setUp();
  const { near, peer } = setting;
  await peer.readable.cancel("no more");
  await assertRejects(() => near.writable.getWriter().closed, ConnectionResetError);
  await writeAndClose(peer, "still here");
  assertEquals(await readText(near), "still here");
});

test("connection.close() ends the readable without waiting for the peer", async () => {
  await using setting = await setUp();
  const order: string[] = [];
  const read = setting.near.readable.getReader().read().then(({ done }) => order.push(`read, done: ${done}`));
  const closed = setting.near.close().then(() => order.push("closed"));
  await Promise.all([read, closed]);
  assertEquals(order, ["read, done: true", "closed"]);
});

for (const direction of ["neither direction", "the sending direction"]) {
  test(`connection.abort() after ${direction} has ended rejects closed with its reason`, async () => {
    await using setting = await setUp();
    const { near, peer } = setting;
    if (direction === "the sending direction") await near.writable.close();
    near.abort(new Error("enough"));
    await assertRejects(() => near.closed, Error, "enough");
    await assertRejects(() => readText(near), Error, "enough");
    await assertRejects(() => peer.closed, ConnectionResetError);
  });
}

test("connection.abort() after both directions have ended breaks nothing", async () => {
  await using setting = await setUp();
  const { near, peer } = setting;
  await Promise.all([near.writable.close(), peer.writable.close()]);
  await near.readable.getReader().closed;
  near.abort(new Error("too late"));
  await near.closed;
});

test("connection.writable.abort() without a reason rejects closed with an error all the same", async () => {
  await using setting = await setUp();
  const { near } = setting;
  await Promise.all([near.writable.abort(), near.readable.cancel()]);
  await assertRejects(() => near.closed, ConnectionResetError, "its writable was aborted");
});

test("connection.opened and connection.closed that reject trouble nobody who does not handle them", async () => {
  await using setting = await setUp();
  const early = await setting.pools.client.open({ early: true, timeoutMs: 100 });
  void early.opened;
  void early.closed;
  const unhandled: unknown[] = [];
  const listener = (event: Event) => unhandled.push(event);
  globalThis.addEventListener("unhandledrejection", listener);
  await setting.pools.server.close({ drainMs: 0 });
  await new Promise((resolve) => setTimeout(resolve, 200)); // twice its timeout
  await assertRejects(() => early.closed);
  globalThis.removeEventListener("unhandledrejection", listener);
  assertEquals(unhandled, []);
});

for (const isUsed of [false, true]) {
  for (const isReleased of [false, true]) {
    const title = `${isUsed ? "used" : "unused"} writable, its writer ${isReleased ? "released" : "held"}`;
    test(`connection.close() right after an abort of the ${title}, resets the stream`, async () => {
      await using setting = await setUp();
      const { near, peer } = setting;
      const received = readText(peer).catch((error) => error);
      const writer = near.writable.getWriter();
      if (isUsed) {
        await writer.write(Uint8Array.of(65));
        writer.write(Uint8Array.of(66)).catch(() => {});
      }
      const aborted = writer.abort("incomplete");
      if (isReleased) writer.releaseLock();
      await Promise.all([near.close(), aborted]);
      assertInstanceOf(await received, ConnectionResetError);
      assertEquals(await near.closed.catch((reason) => reason), "incomplete");
    });
  }
}

for (const mode of ["byob", undefined] as const) {
  for (const isEarly of [false, true]) {
    const title = `${mode ?? "default"} reader reads ${isEarly ? "after" : "before"} bytes arrive`;
    test(`connection.readable: a ${title}, although another left a BYOB read`, async () => {
      await using setting = await setUp();
      const { near, peer } = setting;
      const gone = near.readable.getReader({ mode: "byob" });
      const left = assertRejects(() => gone.read(new Uint8Array(8)), TypeError);
      gone.releaseLock();
      await left;
      const read = () =>
        mode ? near.readable.getReader({ mode }).read(new Uint8Array(8)) : near.readable.getReader().read();
      const early = isEarly ? undefined : read();
      await write(peer, "bytes");
      if (isEarly) await new Promise((resolve) => setTimeout(resolve, 20));
      const { value } = await (early ?? read());
      assertEquals(new TextDecoder().decode(value), "bytes");
      assertEquals(near.bytesRead, 5);
    });
  }
}

for (const isUsed of [false, true]) {
  test(`connection.close() lets a close of its ${isUsed ? "used" : "unused"} writable resolve, but no later write`, async () => {
    await using setting = await setUp();
    const { near, peer } = setting;
    const received = readText(peer);
    const writer = near.writable.getWriter();
    if (isUsed) await writer.write(Uint8Array.of(65));
    const written = writer.write(Uint8Array.of(66));
    const ended = writer.close();
    const closed = near.close();
    await Promise.all([written, ended]);
    assertEquals(await received, isUsed ? "AB" : "B");
    await Promise.all([closed, near.closed, peer.close()]);
  });
}

test("connection.close() fails what is written after it, also in the same turn", async () => {
  await using setting = await setUp();
  const { near, peer } = setting;
  const received = readText(peer);
  const writer = near.writable.getWriter();
  await writer.write(Uint8Array.of(65));
  const closed = near.close();
  await assertRejects(() => writer.write(Uint8Array.of(66)), ConnectionResetError, "close() was called");
  await assertRejects(() => writer.closed, ConnectionResetError, "close() was called");
  assertEquals(await received, "A");
  await Promise.all([closed, peer.close()]);
});

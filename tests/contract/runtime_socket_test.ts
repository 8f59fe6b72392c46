import { assert, assertEquals, assertNotStrictEquals } from "@std/assert";
import type { SocketHandler } from "../../src/runtime/socket.ts";
import { test, type TestOptions } from "../harness.ts";
import type { RawClose } from "../raw_link.ts";
import { Opcode } from "../websocket_frames.ts";
import { Recorder, type Rig, roles } from "./sockets.ts";

const text = new TextEncoder();
const ignoring: SocketHandler = { onMessage() {}, onDrain() {}, onClose() {} };

for (const { name, open, canPause, takesProtocolCodes, limitsMessages, waitsForNoTcpEnd } of roles) {
  /** A test on a socket in this role; whatever it opened is closed afterwards. */
  const testSocket = (claim: string, run: (rig: Rig) => void | Promise<void>, options?: TestOptions) =>
    test(`${name} ${claim}`, async () => {
      await using rig = await open();
      await run(rig);
    }, options);

  testSocket("receives binary messages as memory of their own and text as strings", async ({ peer, heard }) => {
    await peer.write(peer.frame(Opcode.binary, "first"));
    await peer.write(peer.frame(Opcode.text, "grüß"));
    await peer.write(peer.frame(Opcode.binary, new Uint8Array(100_000).fill(7)));
    const messages = [await heard.next(), await heard.next(), await heard.next()].map(messageOf);
    assertEquals(messages, [text.encode("first"), "grüß", new Uint8Array(100_000).fill(7)]);
    for (const message of messages) {
      if (typeof message !== "string") assertEquals(message.buffer.byteLength, message.byteLength);
    }
  });

  testSocket("hands out memory that can be transferred and is never written again", async ({ peer, heard }) => {
    // In one write, so that they arrive in one chunk.
    await peer.write(concatFrames(peer, ["one", "two", "three"]));
    const messages = [await heard.next(), await heard.next(), await heard.next()].map(binaryOf);
    const moved = structuredClone(messages[0], { transfer: [messages[0].buffer] });
    assertEquals([messages[0].byteLength, moved], [0, text.encode("one")]);
    assertEquals(messages.slice(1), [text.encode("two"), text.encode("three")]);
    assertNotStrictEquals(messages[1].buffer, messages[2].buffer);
  });

  testSocket("drops empty binary messages and keeps empty text", async ({ peer, heard }) => {
    await peer.write(peer.frame(Opcode.binary));
    await peer.write(peer.frame(Opcode.text));
    await peer.write(peer.frame(Opcode.binary, "x"));
    assertEquals(messageOf(await heard.next()), "");
    assertEquals(messageOf(await heard.next()), text.encode("x"));
  });

  testSocket("sends what it was given, and the memory may be written again at once", async ({ peer, socket }) => {
    const memory = new Uint8Array(70_000);
    for (const value of [1, 2]) {
      assert(socket.send(memory.fill(value).subarray(0, 69_000)));
      memory.fill(99);
    }
    assert(socket.send("text"));
    assertEquals((await peer.readFrame())!.payload, new Uint8Array(69_000).fill(1));
    assertEquals((await peer.readFrame())!.payload, new Uint8Array(69_000).fill(2));
    const { opcode, payload } = (await peer.readFrame())!;
    assertEquals([opcode, payload], [Opcode.text, text.encode("text")]);
  });

  testSocket("keeps text and binary messages in the order they were sent", async ({ peer, socket }) => {
    for (let index = 0; index < 200; index++) socket.send(index % 3 ? text.encode(`${index}`) : `${index}`);
    for (let index = 0; index < 200; index++) {
      assertEquals((await peer.readFrame())!.payload, text.encode(`${index}`));
    }
  });

  testSocket("offers no compression", async ({ peer, socket }) => {
    const compressible = new Uint8Array(10_000);
    socket.send(compressible);
    assertEquals((await peer.readFrame())!.payload.length, 10_000);
  });

  testSocket("keeps messages and the close for a handler that comes later", async ({ peer, socket, heard }) => {
    socket.handler = undefined;
    await peer.write(concatFrames(peer, ["one", "two"]));
    await endFromPeer(peer, 1000, "bye");
    const late = new Recorder();
    socket.handler = late;
    assertEquals(late.told, [], "nothing is told before the handler is ready");
    assertEquals([await late.next(), await late.next(), await late.next()], [
      { message: text.encode("one") },
      { message: text.encode("two") },
      { code: 1000, reason: "bye" },
    ]);
    assertEquals(heard.told, []);
  });

  testSocket("is given up when nobody handles more than 1 MiB", async ({ peer, socket }) => {
    socket.handler = undefined;
    for (let sent = 0; sent <= 1024 * 1024; sent += 64 * 1024) await peer.send(new Uint8Array(64 * 1024));
    await peer.readClose();
    const late = new Recorder();
    socket.handler = late;
    assertEquals(await late.next(), { code: 1006, reason: "" });
  });

  testSocket("terminate() tells nothing of what was kept", async ({ peer, socket }) => {
    const late = new Recorder();
    const kept = Promise.withResolvers<void>();
    socket.handler = {
      onMessage() {
        socket.handler = undefined;
        setTimeout(kept.resolve); // by then the second message of the same chunk has arrived
      },
      onDrain() {},
      onClose() {},
    };
    await peer.write(concatFrames(peer, ["one", "two"]));
    await kept.promise;
    socket.handler = late;
    socket.terminate();
    assertEquals(late.told, [{ code: 1006, reason: "" }]);
  });

  testSocket("tells the handler in charge when it was replaced", async ({ peer, socket, heard }) => {
    await peer.send("one");
    await heard.next();
    const next = new Recorder();
    socket.handler = next;
    await peer.send("two");
    assertEquals(messageOf(await next.next()), text.encode("two"));
    assertEquals(heard.told.length, 1);
  });

  testSocket("tells the peer's closing code and reason", async ({ peer, heard }) => {
    assertEquals(await endFromPeer(peer, 1003, "no text"), { code: 1003, reason: "no text" });
    assertEquals(await heard.next(), { code: 1003, reason: "no text" });
  });

  if (waitsForNoTcpEnd) {
    testSocket("tells the close of a peer that leaves the TCP connection open", async ({ peer, heard }) => {
      await peer.sendClose(1000, "bye");
      assertEquals(await heard.next(), { code: 1000, reason: "bye" });
    }, { timeoutMs: 10_000 });
  }

  testSocket("tells 1005 when the peer closes without a code", async ({ peer, heard }) => {
    await peer.write(peer.frame(Opcode.close));
    await peer.readClose();
    peer.destroy();
    assertEquals(await heard.next(), { code: 1005, reason: "" });
  });

  testSocket("tells 1006, once, when the peer is gone without a close frame", async ({ peer, socket, heard }) => {
    peer.destroy();
    assertEquals(await heard.next(), { code: 1006, reason: "" });
    socket.terminate();
    assertEquals(heard.told.length, 1);
  });

  testSocket("close() sends code and reason after what was sent, and tells the answer", async (rig) => {
    const { peer, socket, heard } = rig;
    socket.send(new Uint8Array(100_000));
    socket.close(1000, "done");
    assertEquals((await peer.readFrame())!.payload.length, 100_000);
    assertEquals(await peer.readClose(), { code: 1000, reason: "done" });
    await peer.sendClose(1000, "done");
    peer.destroy();
    assertEquals(await heard.next(), { code: 1000, reason: "done" });
    assertEquals(heard.told.length, 1);
  });

  testSocket("close() loses nothing of what was sent to a slow reader", async (rig) => {
    const { peer, socket, heard } = rig;
    const sent = fill(rig);
    socket.close(1000, "");
    assertEquals(heard.told, [], "the close is not told before it returns");
    assertEquals((await peer.readBytes(sent)).length, sent);
    assertEquals(await peer.readClose(), { code: 1000, reason: "" });
  });

  for (const code of [1001, 1002, 1003, 1008, 1011, 4321]) {
    const said = takesProtocolCodes || code > 3000 ? code : 3000 + code;
    testSocket(`close(${code}) says ${said}`, async ({ peer, socket }) => {
      socket.close(code, "because");
      assertEquals(await peer.readClose(), { code: said, reason: "because" });
    });
  }

  testSocket("close() cuts a reason to what a close frame holds", async ({ peer, socket }) => {
    socket.close(1000, "é".repeat(100));
    assertEquals(await peer.readClose(), { code: 1000, reason: "é".repeat(61) });
  });

  testSocket("terminate() tells 1006 before it returns, and nothing after it", async ({ peer, socket, heard }) => {
    await peer.send("one");
    await heard.next();
    socket.terminate();
    assertEquals(heard.told.slice(1), [{ code: 1006, reason: "" }]);
    await peer.send("two");
    await peer.sendClose(1000);
    await peer.readClose();
    assertEquals(heard.told.length, 2);
  });

  testSocket("terminate() tells 1006 to a peer that never answers the close frame", ({ socket, heard }) => {
    socket.close(1000, "");
    socket.terminate();
    assertEquals(heard.told, [{ code: 1006, reason: "" }]);
  });

  testSocket("does nothing after its close, and throws nothing", async ({ peer, socket, heard }) => {
    await endFromPeer(peer, 1000);
    await heard.next();
    assert(socket.send("late"));
    assert(socket.send(new Uint8Array(10)));
    socket.pause();
    socket.resume();
    socket.ping();
    socket.close(1000, "late");
    socket.terminate();
    socket.close(1000, "later");
    assertEquals(heard.told.length, 1);
  });

  testSocket("send() says to wait for a peer that does not read, and onDrain() to go on, each time", async (rig) => {
    const { peer, socket, heard } = rig;
    const levels: number[] = [];
    for (const times of [1, 2]) {
      socket.handler = heard;
      const sent = fill(rig);
      assert(socket.bufferedBytes > 0);
      const drained = new Promise<void>((resolve) => {
        socket.handler = { ...ignoring, onDrain: () => resolve(void levels.push(socket.bufferedBytes)) };
      });
      const received = peer.readBytes(sent);
      await drained;
      assertEquals((await received).length, sent);
      assertEquals(levels.length, times, "drain is told once");
    }
    assert(levels.every((level) => level <= 128 * 1024), `it drained to the low-water mark: ${levels}`);
    assert(socket.send("on it goes"));
  });

  testSocket("send() says to wait where many small messages wait, and onDrain() to go on", async (rig) => {
    const { peer, socket } = rig;
    const [chunk, small] = [new Uint8Array(16 * 1024), new Uint8Array(10)];
    let sent = 0;
    while (socket.bufferedBytes === 0) {
      assert(socket.send(chunk));
      sent += chunk.length;
      await new Promise((resolve) => setTimeout(resolve)); // the system takes what it can
    }
    do sent += small.length; while (socket.send(small));
    const drained = new Promise<void>((resolve) => socket.handler = { ...ignoring, onDrain: resolve });
    const received = peer.readBytes(sent);
    await drained;
    assertEquals((await received).length, sent);
    assert(socket.send("on it goes"));
  });

  testSocket("tells no drain to a handler that never had to wait", async ({ peer, socket, heard }) => {
    const chunk = new Uint8Array(16 * 1024);
    let sent = 0;
    while (socket.bufferedBytes === 0) {
      assert(socket.send(chunk));
      sent += chunk.length;
      await new Promise((resolve) => setTimeout(resolve)); // the system takes what it can
    }
    await peer.readBytes(sent);
    await peer.send("everything is read");
    assertEquals(messageOf(await heard.next()), text.encode("everything is read"));
  });

  testSocket("send() says nothing of waiting once close() was called", ({ socket }) => {
    socket.close(1000, "");
    for (let sent = 0; sent < 1024 * 1024; sent += 64 * 1024) assert(socket.send(new Uint8Array(64 * 1024)));
  });

  testSocket("tells no drain once it is terminated", async (rig) => {
    const { peer, socket, heard } = rig;
    fill(rig);
    socket.terminate();
    await peer.readClose();
    assertEquals(heard.told, [{ code: 1006, reason: "" }]);
  });

  testSocket(`can ${canPause ? "" : "not "}hold its peer back`, async (rig) => {
    const { peer, socket, heard } = rig;
    assertEquals(socket.canPause, canPause);
    if (!canPause) return;
    await peer.send("one");
    await heard.next();
    socket.pause();
    const chunk = new Uint8Array(64 * 1024);
    const written = 16 * 1024 * 1024;
    let taken = 0;
    const writing = (async () => {
      for (; taken < written; taken += chunk.length) await peer.send(chunk);
    })();
    await stalled(() => taken);
    assert(taken < written, "a paused socket takes no more than the buffers below it");
    assert(heard.told.length < 20, `${heard.told.length} messages were told to a paused handler`);
    socket.resume();
    for (let got = 0; got < written;) got += binaryOf(await heard.next()).length;
    await writing;
  });

  if (canPause) {
    testSocket("close() gets its answer though it was paused with more to read than the buffers hold", async (rig) => {
      const { peer, socket, heard } = rig;
      socket.pause();
      const written = peer.send(new Uint8Array(8 * 1024 * 1024)).catch(() => {}); // a server drops what it no longer reads
      socket.close(1000, "");
      assertEquals(await peer.readClose(), { code: 1000, reason: "" });
      await written;
      await peer.sendClose(1000);
      peer.destroy();
      let told = await heard.next();
      if ("message" in told) told = await heard.next();
      assertEquals(told, { code: 1000, reason: "" });
    });

    testSocket("terminate() ends the connection though it was paused", async ({ peer, socket, heard }) => {
      socket.pause();
      socket.terminate();
      assertEquals(heard.told, [{ code: 1006, reason: "" }]);
      assertEquals(await peer.readClose(), { code: 1006, reason: "" });
    });

    testSocket("ping() pings", async ({ peer, socket }) => {
      assert(socket.ping());
      assertEquals((await peer.readFrame())!.opcode, Opcode.ping);
    });
  }

  if (limitsMessages) {
    testSocket("takes messages of 16 MiB and none that is bigger", async ({ peer, heard }) => {
      const limit = 16 * 1024 * 1024;
      await peer.send(new Uint8Array(limit));
      assertEquals(binaryOf(await heard.next()).length, limit);
      await peer.write(peer.frame(Opcode.binary, new Uint8Array(limit + 1)).subarray(0, 1_000));
      assertEquals((await peer.readClose()).code, 1009);
      peer.destroy();
      assert("code" in await heard.next());
    });
  }

  testSocket("answers a ping", async ({ peer }) => {
    await peer.write(peer.frame(Opcode.ping, "are you there"));
    const { opcode, payload } = (await peer.readFrame())!;
    assertEquals([opcode, payload], [Opcode.pong, text.encode("are you there")]);
  });
}

/** Sends until the socket signals backpressure, and returns how many bytes were sent. */
function fill({ socket }: Rig): number {
  const chunk = new Uint8Array(64 * 1024);
  for (let sent = chunk.length;; sent += chunk.length) if (!socket.send(chunk)) return sent;
}

/** Waits until a count has not changed for a hundred turns of the event loop in a row, with time for the system in between. */
async function stalled(count: () => number): Promise<void> {
  for (let turns = 0, last = -1; turns < 100; turns++) {
    if (count() !== last) turns = 0;
    last = count();
    await new Promise((resolve) => setTimeout(resolve, 1));
  }
}

/** Closes from the peer's side as a server does, ending the TCP connection after the close is answered. Returns the answer. */
async function endFromPeer(peer: Rig["peer"], code: number, reason?: string): Promise<RawClose> {
  await peer.sendClose(code, reason);
  const answer = await peer.readClose();
  peer.destroy();
  return answer;
}

function concatFrames(peer: Rig["peer"], payloads: string[]): Uint8Array {
  return Uint8Array.from(payloads.flatMap((payload) => [...peer.frame(Opcode.binary, payload)]));
}

function messageOf(told: Awaited<ReturnType<Recorder["next"]>>) {
  if (!("message" in told)) throw new Error(`a message was expected, not ${JSON.stringify(told)}`);
  return told.message;
}

function binaryOf(told: Awaited<ReturnType<Recorder["next"]>>): Uint8Array<ArrayBuffer> {
  const message = messageOf(told);
  assert(typeof message !== "string");
  return message;
}

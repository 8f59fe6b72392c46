import {
  assert,
  assertEquals,
  assertInstanceOf,
  assertNotStrictEquals,
  assertRejects,
  assertStrictEquals,
} from "@std/assert";
import { ConnectionLostError, ConnectionResetError, ProtocolError } from "../../src/errors.ts";
import type { ServerPoolOptions } from "../../src/options/server_options.ts";
import { relay, type RelayEnd } from "../../src/relay.ts";
import { FakeWorld } from "../fake_world.ts";
import { test } from "../harness.ts";

/** The server's end of an npws/1 link, and the client's end, which the test holds. */
async function setUp(options: ServerPoolOptions & { canPause?: boolean; highWaterBytes?: number } = {}) {
  const { canPause, highWaterBytes, ...poolOptions } = options;
  const world = new FakeWorld();
  world.network.highWaterBytes = highWaterBytes ?? world.network.highWaterBytes;
  const pool = await world.startServerPool(poolOptions, { canPause });
  const peer = await world.dial(pool);
  const connection = await pool.outgoingGet(peer.id);
  return {
    clock: world.clock,
    pool,
    peer,
    connection,
    /** What the peer received after the id. */
    received: () => peer.bytes.slice(4),
    [Symbol.asyncDispose]: () => world[Symbol.asyncDispose](),
  };
}

/** The error that a promise rejects with, or undefined if it resolves. */
function failure(promise: Promise<unknown>): Promise<unknown> {
  return promise.then(() => undefined, (error) => error);
}

async function readAll(readable: ReadableStream<Uint8Array>): Promise<number[]> {
  return (await Array.fromAsync(readable)).flatMap((chunk) => [...chunk]);
}

test("PoolConnection tells what is known of its link", async () => {
  await using setting = await setUp();
  const { connection, peer } = setting;
  assertEquals([connection.id, connection.protocol, connection.peer, connection.tls], [
    peer.id,
    1,
    undefined,
    undefined,
  ]);
  assertEquals(connection.metadata, new Uint8Array());
  assertStrictEquals(connection.metadata, connection.metadata);
  await using other = await setUp();
  assertNotStrictEquals(
    connection.metadata.buffer,
    other.connection.metadata.buffer,
    "an application may transfer its own",
  );
  assertEquals(connection.remoteAddress, peer.socket.localAddress);
  assertEquals(connection.localAddress, peer.socket.remoteAddress);
  await connection.opened;
});

test("PoolConnection is not relayed to an end that uses its streams", async () => {
  await using setting = await setUp();
  const { connection } = setting;
  const around: RelayEnd = {
    get readable() {
      return connection.readable;
    },
    get writable() {
      return connection.writable;
    },
  };
  await assertRejects(() => relay(connection, around), TypeError, "its streams are in use");
});

test("PoolConnection carries bytes both ways and counts them", async () => {
  await using setting = await setUp();
  const { clock, peer, connection, received } = setting;
  const writer = connection.writable.getWriter();
  await writer.write(new Uint8Array([1, 2, 3]));
  peer.socket.send(new Uint8Array([4, 5]));
  await clock.advance(0);
  assertEquals(received(), [1, 2, 3]);
  const { value } = await connection.readable.getReader().read();
  assertEquals([...value!], [4, 5]);
  assertEquals([connection.bytesWritten, connection.bytesRead], [3, 2]);
});

test("PoolConnection.readable keeps what came before the link was taken", async () => {
  await using world = new FakeWorld();
  const pool = await world.startServerPool();
  const peer = await world.dial(pool);
  peer.socket.send(new Uint8Array([1]));
  peer.socket.send(new Uint8Array([2, 3]));
  await world.settle();
  const connection = await pool.incomingGet();
  peer.socket.close(1000, "");
  await world.settle();
  assertEquals(await readAll(connection.readable), [1, 2, 3]);
});

test("PoolConnection.readable fills a reader's own buffer", async () => {
  await using setting = await setUp();
  const { clock, peer, connection } = setting;
  const reader = connection.readable.getReader({ mode: "byob" });
  const waiting = reader.read(new Uint8Array(4));
  peer.socket.send(new Uint8Array([1, 2, 3]));
  peer.socket.send(new Uint8Array([4, 5, 6]));
  await clock.advance(0);
  assertEquals([...(await waiting).value!], [1, 2, 3]);
  assertEquals([...(await reader.read(new Uint8Array(2))).value!], [4, 5]);
  assertEquals([...(await reader.read(new Uint8Array(8))).value!], [6]);
  const atEnd = reader.read(new Uint8Array(8));
  peer.socket.close(1000, "");
  await clock.advance(0);
  assertEquals([(await atEnd).done, connection.bytesRead], [true, 6]);
});

test("PoolConnection.readable is closed at the peer's end when nothing is unread, also for who does not read", async () => {
  await using setting = await setUp();
  const { clock, peer, connection } = setting;
  const reader = connection.readable.getReader();
  peer.socket.send(new Uint8Array([1]));
  await clock.advance(0);
  await reader.read();
  peer.socket.close(1000, "");
  await clock.advance(0);
  await reader.closed;
});

test("PoolConnection.readable hands out memory that nobody else has", async () => {
  await using setting = await setUp();
  const { clock, peer, connection } = setting;
  const reader = connection.readable.getReader();
  const read = async (...messages: number[][]) => {
    for (const message of messages) peer.socket.send(new Uint8Array(message));
    await clock.advance(0);
    return (await reader.read()).value!;
  };
  const [alone, joined, last] = [await read([1]), await read([2], [3]), await read([4])];
  assertNotStrictEquals(alone.buffer, joined.buffer);
  assertNotStrictEquals(joined.buffer, last.buffer);
  assertEquals([alone.buffer.byteLength, [...joined], joined.byteOffset], [1, [2, 3], 0]);
  assertEquals([...structuredClone(joined, { transfer: [joined.buffer] })], [2, 3]);
  assertEquals([[...alone], [...last]], [[1], [4]]);
});

for (const code of [1000, 1001]) {
  test(`PoolConnection.readable ends at a close with ${code}, behind all that came`, async () => {
    await using setting = await setUp();
    const { clock, peer, connection } = setting;
    peer.socket.send(new Uint8Array([1, 2]));
    peer.socket.close(code, "");
    await clock.advance(0);
    assertEquals(await readAll(connection.readable), [1, 2]);
    await connection.closed;
    assertInstanceOf(await failure(connection.writable.getWriter().write(new Uint8Array([3]))), ConnectionLostError);
  });
}

test("PoolConnection errors with ConnectionLostError at any other end of the link", async () => {
  const ends: [number, string, string][] = [
    [1011, "broken", "the peer closed it with code 1011 (broken)"],
    [1006, "", "the socket was lost with code 1006"],
  ];
  for (const [code, reason, text] of ends) {
    await using setting = await setUp();
    const { clock, peer, connection } = setting;
    const read = failure(connection.readable.getReader().read());
    if (code === 1006) peer.socket.terminate();
    else peer.socket.close(code, reason);
    await clock.advance(0);
    const error = await read;
    assertInstanceOf(error, ConnectionLostError);
    assertEquals(error.message, `Cannot use connection ${peer.id}: ${text}`);
    assertEquals([error.code, error.reason], [code, reason]);
    assertStrictEquals(await failure(connection.closed), error);
    assertStrictEquals(await failure(connection.writable.getWriter().write(new Uint8Array([1]))), error);
  }
});

test("PoolConnection errors with ProtocolError when the peer sends a text", async () => {
  await using setting = await setUp();
  const { clock, peer, connection } = setting;
  peer.socket.send("hello");
  await clock.advance(0);
  const error = await failure(connection.readable.getReader().read());
  assertInstanceOf(error, ProtocolError);
  assertStrictEquals(await failure(connection.closed), error);
  assertEquals(peer.closedWith?.code, 1003);
});

test("PoolConnection.writable takes bytes in every dress, and nothing else", async () => {
  await using setting = await setUp();
  const { clock, connection, received } = setting;
  const writer = (connection.writable as WritableStream<unknown>).getWriter();
  const memory = new Uint8Array([0, 1, 2, 3, 4, 5, 6, 7]);
  const shared = (length: number) => new Uint8Array(new SharedArrayBuffer(length)).fill(9);
  const chunks = [
    memory.subarray(1, 3),
    new DataView(memory.buffer, 3, 1),
    new Uint16Array(memory.buffer, 4, 1),
    memory.slice(6).buffer,
    new Uint8Array(),
    shared(1),
    shared(20_000),
  ];
  for (const chunk of chunks) await writer.write(chunk);
  await clock.advance(0);
  assertEquals(received(), [1, 2, 3, 4, 5, 6, 7, ...Array(20_001).fill(9)]);
  assertEquals(connection.bytesWritten, 20_008);
});

test("PoolConnection.writable breaks with a TypeError for what is no bytes, and the peer sees no proper end", async () => {
  const detached = new ArrayBuffer(1);
  structuredClone(detached, { transfer: [detached] });
  const chunks: [unknown, string][] = [
    ["text", "got a string"],
    [[1, 2], "got an array"],
    [undefined, "got undefined"],
    [detached, "got a detached buffer"],
  ];
  for (const [chunk, got] of chunks) {
    await using setting = await setUp();
    const { clock, peer, connection } = setting;
    const writer = (connection.writable as WritableStream<unknown>).getWriter();
    await writer.write(new Uint8Array([1]));
    await assertRejects(
      () => writer.write(chunk),
      TypeError,
      `Cannot write to connection: chunk must be an ArrayBuffer or a view of one, ${got}`,
    );
    await clock.advance(0);
    assertEquals(peer.closedWith?.code, 1011);
    assertInstanceOf(await failure(connection.closed), TypeError);
  }
});

test("PoolConnection.writable lets a chunk's memory be used again when its write has resolved", async () => {
  await using setting = await setUp();
  const { clock, connection, received } = setting;
  const writer = connection.writable.getWriter();
  const small = new Uint8Array([1, 2]);
  const big = new Uint8Array(20_000).fill(3);
  for (const chunk of [small, big]) {
    await writer.write(chunk);
    chunk.fill(9);
  }
  await clock.advance(0);
  assertEquals(new Set(received()), new Set([1, 2, 3]));
});

test("PoolConnection.writable makes a write wait while the socket takes no more", async () => {
  await using setting = await setUp({ highWaterBytes: 1_000 });
  const { clock, peer, connection } = setting;
  const writer = connection.writable.getWriter();
  await writer.write(new Uint8Array(20_000));
  peer.socket.pause();
  let isWritten = false;
  writer.write(new Uint8Array(100_000)).then(() => isWritten = true);
  await clock.advance(60_000);
  assertEquals(isWritten, false);
  peer.socket.resume();
  await clock.advance(0);
  assertEquals([isWritten, peer.bytes.length], [true, 4 + 120_000]);
});

test("PoolConnection.writable.close() sends what was written and closes the link with 1000", async () => {
  await using setting = await setUp();
  const { clock, peer, connection, received } = setting;
  const writer = connection.writable.getWriter();
  writer.write(new Uint8Array([1, 2]));
  const closed = writer.close();
  await clock.advance(0);
  await closed;
  assertEquals([received(), peer.closedWith], [[1, 2], { code: 1000, reason: "" }]);
  assertEquals(await readAll(connection.readable), []);
  await connection.closed;
});

test("PoolConnection.writable.abort() gives the stream up at once, a write that waits included", async () => {
  await using setting = await setUp({ highWaterBytes: 1_000 });
  const { clock, peer, connection } = setting;
  peer.socket.pause();
  const writer = connection.writable.getWriter();
  const written = failure(writer.write(new Uint8Array(100_000)));
  const reason = new Error("given up");
  const aborted = writer.abort(reason);
  await clock.advance(1_000);
  await aborted;
  assertStrictEquals(await written, reason);
  assertStrictEquals(await failure(connection.closed), reason);
  peer.socket.resume();
  await clock.advance(0);
  assert(peer.closedWith!.code !== 1000);
});

test("PoolConnection.readable.cancel() drops what is unread and what comes, and leaves writing alone", async () => {
  await using setting = await setUp();
  const { clock, pool, peer, connection, received } = setting;
  peer.socket.send(new Uint8Array([1]));
  await clock.advance(0);
  await connection.readable.cancel("enough");
  peer.socket.send(new Uint8Array(1_000));
  await connection.writable.getWriter().write(new Uint8Array([7]));
  await clock.advance(0);
  assertEquals([received(), connection.bytesRead, pool.stats().inUse], [[7], 0, 1]);
  peer.socket.close(1000, "");
  await clock.advance(0);
  await connection.closed;
});

test("PoolConnection.abort() breaks both halves with its reason, and the peer's with 1011", async () => {
  await using setting = await setUp();
  const { clock, peer, connection } = setting;
  const read = failure(connection.readable.getReader().read());
  connection.abort("enough");
  connection.abort("again");
  await clock.advance(0);
  assertEquals([await read, await failure(connection.closed)], ["enough", "enough"]);
  assertEquals(await failure(connection.writable.getWriter().write(new Uint8Array([1]))), "enough");
  assertEquals(peer.closedWith, { code: 1011, reason: "enough" });
});

test("PoolConnection.abort() without a reason says so, and tells the peer no error's message", async () => {
  await using setting = await setUp();
  const { clock, peer, connection } = setting;
  connection.abort();
  await clock.advance(0);
  const error = await failure(connection.closed);
  assertInstanceOf(error, ConnectionResetError);
  assertEquals(error.message, `Cannot use connection ${peer.id}: abort() was called`);
  assertEquals(peer.closedWith, { code: 1011, reason: "" });
});

for (const ends of ["left", "aborted", "lost"] as const) {
  test(`PoolConnection.writable.close() of npws/1 waits until all has left; it is ${ends}`, async () => {
    await using setting = await setUp();
    const { clock, peer, connection, received } = setting;
    const writer = connection.writable.getWriter();
    writer.closed.catch(() => {});
    connection.readable.cancel();
    peer.socket.silence();
    await writer.write(new Uint8Array([1, 2]));
    let isClosed = false;
    const closed = writer.close().then(() => isClosed = true, (error) => error);
    await clock.advance(60_000);
    assertEquals([isClosed, connection.bytesWritten], [false, 2]);
    if (ends === "lost") peer.socket.terminate();
    const aborted = ends === "aborted" ? failure(writer.abort(new Error("enough"))) : undefined;
    await clock.advance(0);
    peer.socket.speak();
    await clock.advance(0);
    if (ends === "left") {
      assertEquals([await closed, received(), peer.closedWith?.code], [true, [1, 2], 1000]);
    } else if (ends === "aborted") {
      assertEquals([((await closed) as Error).message, await aborted], ["enough", await closed]);
      assertEquals(peer.closedWith?.code, 1011);
    } else assertInstanceOf(await closed, ConnectionLostError);
  });
}

test("PoolConnection.close() sends what is written, discards what is unread, and ends both halves", async () => {
  await using setting = await setUp();
  const { clock, pool, peer, connection, received } = setting;
  peer.socket.send(new Uint8Array([9]));
  await clock.advance(0);
  const writer = connection.writable.getWriter();
  writer.write(new Uint8Array([1, 2]));
  const read = connection.readable.getReader();
  const closed = connection.close();
  assertStrictEquals(connection.close(), closed);
  await clock.advance(0);
  await closed;
  await connection.closed;
  assertEquals([received(), peer.closedWith?.code, (await read.read()).done], [[1, 2], 1000, true]);
  await assertRejects(() => writer.write(new Uint8Array([3])), ConnectionResetError, "close() was called");
  assertEquals(pool.stats().links, 0);
});

test("PoolConnection.readable breaks where the peer ends within an element of a reader's own array, and the link ends as ever", async () => {
  await using setting = await setUp();
  const { clock, pool, peer, connection } = setting;
  const read = assertRejects(
    () => connection.readable.getReader({ mode: "byob" }).read(new Uint16Array(2)),
    TypeError,
  );
  peer.socket.send(new Uint8Array([1]));
  await clock.advance(0);
  peer.socket.close(1000, "");
  await clock.advance(0);
  await Promise.all([read, connection.closed, connection.close()]);
  assertEquals(pool.stats().links, 0);
});

test("PoolConnection.close() discards half an element in a reader's own array, and never rejects", async () => {
  await using setting = await setUp();
  const { clock, peer, connection } = setting;
  const read = assertRejects(
    () => connection.readable.getReader({ mode: "byob" }).read(new Uint16Array(2)),
    TypeError,
  );
  peer.socket.send(new Uint8Array([1]));
  await clock.advance(0);
  const closed = connection.close();
  await clock.advance(0);
  await Promise.all([read, closed, connection.closed]);
  assertEquals(peer.closedWith?.code, 1000);
});

test("PoolConnection.abort() after close() lets the peer see no proper end of what was not sent", async () => {
  await using setting = await setUp();
  const { clock, peer, connection, received } = setting;
  connection.writable.getWriter().write(new Uint8Array([1, 2])).catch(() => {});
  const closed = connection.close();
  connection.abort("enough");
  await clock.advance(0);
  await closed;
  assertEquals([received(), peer.closedWith?.code], [[], 1011]);
});

test("PoolConnection.close() sends what waits for room, held writer or not", async () => {
  for (const isLocked of [false, true]) {
    await using setting = await setUp({ highWaterBytes: 1_000 });
    const { clock, peer, connection } = setting;
    peer.socket.pause();
    const writer = connection.writable.getWriter();
    const written = [writer.write(new Uint8Array(100_000)), writer.write(new Uint8Array(50_000))];
    if (!isLocked) writer.releaseLock();
    const closed = connection.close();
    await clock.advance(999);
    peer.socket.resume();
    await clock.advance(0);
    await Promise.all([...written, closed, connection.closed]);
    assertEquals([peer.bytes.length, peer.closedWith?.code], [4 + 150_000, 1000]);
  }
});

test("PoolConnection.close() takes a second at most, where the peer answers nothing", async () => {
  for (const isBlocked of [false, true]) {
    await using setting = await setUp({ highWaterBytes: 1_000 });
    const { clock, pool, peer, connection } = setting;
    peer.socket.silence();
    const writer = connection.writable.getWriter();
    const written = isBlocked ? failure(writer.write(new Uint8Array(100_000))) : undefined;
    let isClosed = false;
    connection.close().then(() => isClosed = true);
    await clock.advance(999);
    assertEquals(isClosed, false);
    await clock.advance(1);
    assertEquals(isClosed, true);
    if (isBlocked) assertInstanceOf(await written, ConnectionResetError);
    await clock.advance(1_000);
    assertEquals(pool.stats().links, 0);
  }
});

test("PoolConnection.close() after the end, and `await using`, leave nothing to wait for", async () => {
  await using setting = await setUp();
  const { clock, peer, connection } = setting;
  peer.socket.terminate();
  await clock.advance(0);
  {
    await using sameOne = connection;
    assertStrictEquals(sameOne.id, peer.id);
  }
  await assertRejects(() => connection.closed, ConnectionLostError);
});

test("PoolConnection raises no unhandled rejection when nobody listens", async () => {
  await using setting = await setUp();
  const { clock, peer, connection } = setting;
  void connection.readable;
  void connection.writable;
  peer.socket.terminate();
  await clock.advance(0);
});

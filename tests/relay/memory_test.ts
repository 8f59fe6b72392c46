import { assert, assertEquals } from "@std/assert";
import type { PoolConnection } from "@npws/pool";
import { relay } from "@npws/pool/relay";
import { Buffer } from "node:buffer";
import { once } from "node:events";
import { type AddressInfo, connect, createServer, type Socket } from "node:net";
import { PassThrough } from "node:stream";
import { atRest } from "../at_rest.ts";
import { startPools } from "../contract/pools.ts";
import { pattern, readAll, writeAndClose } from "../contract/streams.ts";
import { test } from "../harness.ts";
import { memoryEnds } from "./memory_end.ts";

const CHUNK_BYTES = 65_536;
const CONTENT = pattern(4 * CHUNK_BYTES);

/** A connection between pools, whose near end is the relay's. */
async function openPooled() {
  const pools = await startPools({ protocol: 2 });
  const [far, near] = await Promise.all([pools.client.open(), pools.server.accept()]);
  return { far, near, [Symbol.asyncDispose]: () => pools[Symbol.asyncDispose]() };
}

/** A connection of node:net, whose near end is the relay's. */
async function openTcp() {
  const server = createServer({ allowHalfOpen: true });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const accepted = once(server, "connection");
  const far = connect({ port: (server.address() as AddressInfo).port, host: "127.0.0.1" });
  const [near]: Socket[] = await accepted;
  server.close();
  return { far, near };
}

/** The chunks that a socket emits, recorded without adding a listener. */
function chunksOf(socket: Socket): Uint8Array[] {
  const chunks: Uint8Array[] = [];
  const { emit } = socket;
  socket.emit = function (event: string, ...args: unknown[]) {
    if (event === "data") chunks.push(args[0] as Uint8Array);
    return emit.call(this, event, ...args);
  } as typeof emit;
  return chunks;
}

/** The chunks that are written to a socket. */
function writtenTo(socket: Socket): Uint8Array[] {
  const chunks: Uint8Array[] = [];
  const { write } = socket;
  socket.write = function (chunk: Uint8Array, ...args: []) {
    chunks.push(chunk);
    return write.call(this, chunk, ...args);
  } as typeof write;
  return chunks;
}

/** Moves the content from a socket to a connection, through a relay. */
async function moveFrom(near: Socket, far: Socket, connection: PoolConnection, peer: PoolConnection): Promise<void> {
  const moved = relay(near, connection);
  far.resume();
  far.end(CONTENT.slice());
  const [arrived] = await Promise.all([readAll(peer), writeAndClose(peer, "done")]);
  assertEquals(arrived, CONTENT);
  await moved;
}

/** Asserts that some chunks were released, and all long ones. */
function assertReleased(chunks: readonly Uint8Array[]): void {
  assert(chunks.some(({ byteLength }) => byteLength === 0));
  assertEquals(chunks.filter(({ byteLength }) => byteLength >= CHUNK_BYTES / 2), []);
}

test("relay() gives the memory back that it has read from a socket of node:net", async () => {
  await using pooled = await openPooled();
  const { far, near } = await openTcp();
  const chunks = chunksOf(near);
  await moveFrom(near, far, pooled.near, pooled.far);
  assertReleased(chunks);
});

const listeners: [string, (socket: Socket, keep: (chunk: Uint8Array) => void) => void][] = [
  ["a listener", (socket, keep) => socket.on("data", keep)],
  ["a listener that hears one", (socket, keep) => socket.once("data", keep)],
  ["a reader of the socket", (socket, keep) =>
    socket.on("readable", () => {
      for (let chunk = socket.read(); chunk !== null; chunk = socket.read()) keep(chunk);
    })],
];

for (const [who, listen] of listeners) {
  test(`relay() leaves its chunks to ${who}`, async () => {
    await using pooled = await openPooled();
    const { far, near } = await openTcp();
    const kept: { chunk: Uint8Array; byteLength: number }[] = [];
    listen(near, (chunk) => kept.push({ chunk, byteLength: chunk.byteLength }));
    near.pause();
    await moveFrom(near, far, pooled.near, pooled.far);
    assert(kept.length > 0);
    assertEquals(kept.filter(({ chunk, byteLength }) => chunk.byteLength !== byteLength), []);
  });
}

test("relay() leaves its chunks to a listener that comes while it moves them", async () => {
  await using pooled = await openPooled();
  const { far, near } = await openTcp();
  const moved = relay(near, pooled.near);
  const kept: Uint8Array[] = [];
  near.on("data", (chunk: Uint8Array) => kept.push(chunk));
  far.resume();
  far.end(CONTENT.slice());
  await Promise.all([readAll(pooled.far), writeAndClose(pooled.far, "done")]);
  await moved;
  assertEquals(new Uint8Array(Buffer.concat(kept)), CONTENT);
});

test("relay() leaves a chunk to whoever has put it back into the socket, and not what comes behind it", async () => {
  await using pooled = await openPooled();
  const { far, near } = await openTcp();
  const putBack = new Uint8Array(CHUNK_BYTES);
  near.unshift(putBack);
  const chunks = chunksOf(near);
  const moved = relay(near, pooled.near);
  far.resume();
  far.end(CONTENT.slice());
  await Promise.all([readAll(pooled.far), writeAndClose(pooled.far, "done")]);
  await moved;
  assertEquals(putBack.byteLength, CHUNK_BYTES);
  assertReleased(chunks.filter(({ buffer }) => buffer !== putBack.buffer));
});

for (const keepsNoMemory of [undefined, false]) {
  const does = keepsNoMemory === false ? "leaves" : "gives the memory back of";
  test(`relay() ${does} what a socket of node:net has written whose keepsNoMemory is ${keepsNoMemory}`, async () => {
    await using pooled = await openPooled();
    const { far, near } = await openTcp();
    Object.assign(near, { keepsNoMemory });
    const chunks = writtenTo(near);
    const moved = relay(pooled.near, near);
    far.end();
    const arrived = far.toArray();
    await Promise.all([writeAndClose(pooled.far, CONTENT.slice()), readAll(pooled.far)]);
    await moved;
    assertEquals(new Uint8Array(Buffer.concat(await arrived)), CONTENT);
    if (keepsNoMemory === false) assertEquals(new Uint8Array(Buffer.concat(chunks)), CONTENT);
    else assertReleased(chunks);
  });
}

test("relay() leaves what it has written to another kind of socket, which may keep it", async () => {
  await using pooled = await openPooled();
  const socket = new PassThrough({ allowHalfOpen: true });
  const chunks: Uint8Array[] = [];
  socket.on("data", (chunk: Uint8Array) => chunks.push(chunk));
  const moved = relay(pooled.near, socket);
  const sent = writeAndClose(pooled.far, CONTENT.slice());
  assertEquals(await readAll(pooled.far), CONTENT);
  await Promise.all([sent, moved]);
  assertEquals(new Uint8Array(Buffer.concat(chunks)), CONTENT);
});

test("relay() leaves what it has read from web streams, and what it has written to them", async () => {
  await using pooled = await openPooled();
  const memory = memoryEnds();
  const moved = relay(memory.near, pooled.near);
  const chunk = CONTENT.slice(0, CHUNK_BYTES);
  await Promise.all([writeAndClose(memory.far, chunk), readAll(pooled.far)]);
  const [arrived] = await Promise.all([readAll(memory.far), writeAndClose(pooled.far, CONTENT.slice())]);
  await moved;
  assertEquals(chunk, CONTENT.subarray(0, CHUNK_BYTES));
  assertEquals(arrived, CONTENT);
});

test("relay() changes no byte between two connections while a write waits for credit", async () => {
  await using first = await openPooled();
  await using second = await openPooled();
  const content = pattern(2 * 1_024 * 1_024);
  const moved = relay(first.near, second.near);
  const sent = writeAndClose(first.far, content.slice());
  await atRest(() => second.near.bytesWritten);
  assert(second.near.bytesWritten < content.byteLength);
  assertEquals((await Promise.all([readAll(second.far), sent, writeAndClose(second.far, "done")]))[0], content);
  await Promise.all([moved, readAll(first.far)]);
});

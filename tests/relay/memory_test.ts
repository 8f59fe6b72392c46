import { assert, assertEquals } from "@std/assert";
import type { PoolConnection } from "@npws/pool";
import { relay } from "@npws/pool/relay";
import { once } from "node:events";
import { type AddressInfo, connect, createServer, type Socket } from "node:net";
import { PassThrough } from "node:stream";
import { startPools } from "../contract/pools.ts";
import { readAll, writeAndClose } from "../contract/streams.ts";
import { test } from "../harness.ts";
import { memoryEnds } from "./memory_end.ts";

const CHUNK_BYTES = 65_536;

/** A connection of pools, whose near end is the relay's. */
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

/** What a socket tells its listeners, seen by none of them. */
function chunksOf(socket: Socket): Uint8Array[] {
  const chunks: Uint8Array[] = [];
  const { emit } = socket;
  socket.emit = function (event: string, ...args: unknown[]) {
    if (event === "data") chunks.push(args[0] as Uint8Array);
    return emit.call(this, event, ...args);
  } as typeof emit;
  return chunks;
}

/** Sends bytes from a socket to a connection, through a relay. */
async function moveFrom(near: Socket, far: Socket, connection: PoolConnection, peer: PoolConnection): Promise<void> {
  const moved = relay(near, connection);
  far.resume();
  far.end(new Uint8Array(4 * CHUNK_BYTES));
  await Promise.all([readAll(peer), writeAndClose(peer, "done")]);
  await moved;
}

test("relay() gives the memory back that it has read from a socket of node:net", async () => {
  await using pooled = await openPooled();
  const { far, near } = await openTcp();
  const chunks = chunksOf(near);
  await moveFrom(near, far, pooled.near, pooled.far);
  assert(chunks.length > 0);
  assertEquals(chunks.filter(({ byteLength }) => byteLength >= CHUNK_BYTES / 2), []);
});

test("relay() leaves a chunk to another listener of the socket", async () => {
  await using pooled = await openPooled();
  const { far, near } = await openTcp();
  const chunks: Uint8Array[] = [];
  near.on("data", (chunk: Uint8Array) => chunks.push(chunk));
  near.pause();
  await moveFrom(near, far, pooled.near, pooled.far);
  assertEquals(chunks.reduce((sum, { byteLength }) => sum + byteLength, 0), 4 * CHUNK_BYTES);
});

test("relay() leaves a chunk to whoever has put it back into the socket, and not what comes behind it", async () => {
  await using pooled = await openPooled();
  const { far, near } = await openTcp();
  const putBack = new Uint8Array(CHUNK_BYTES);
  near.unshift(putBack);
  const chunks = chunksOf(near);
  await moveFrom(near, far, pooled.near, pooled.far);
  assertEquals(putBack.byteLength, CHUNK_BYTES);
  assert(chunks.some(({ byteLength }) => byteLength === 0));
});

test("relay() gives the memory back of what came over a connection, when a socket of node:net has written it", async () => {
  await using pooled = await openPooled();
  const { far, near } = await openTcp();
  const chunks: Uint8Array[] = [];
  const { write } = near;
  near.write = function (chunk: Uint8Array, ...args: []) {
    chunks.push(chunk);
    return write.call(this, chunk, ...args);
  } as typeof write;
  const moved = relay(pooled.near, near);
  far.resume();
  far.end();
  await Promise.all([writeAndClose(pooled.far, new Uint8Array(4 * CHUNK_BYTES)), readAll(pooled.far)]);
  await moved;
  assert(chunks.length > 0);
  assertEquals(chunks.filter(({ byteLength }) => byteLength >= CHUNK_BYTES / 2), []);
});

test("relay() leaves what it has written to another kind of socket, which may keep it", async () => {
  await using pooled = await openPooled();
  const socket = new PassThrough({ allowHalfOpen: true });
  const chunks: Uint8Array[] = [];
  socket.on("data", (chunk: Uint8Array) => chunks.push(chunk));
  const moved = relay(pooled.near, socket);
  const sent = writeAndClose(pooled.far, new Uint8Array(4 * CHUNK_BYTES));
  assertEquals((await readAll(pooled.far)).byteLength, 4 * CHUNK_BYTES);
  await Promise.all([sent, moved]);
  assertEquals(chunks.reduce((sum, { byteLength }) => sum + byteLength, 0), 4 * CHUNK_BYTES);
});

test("relay() leaves the chunks of web streams to those who made them", async () => {
  await using pooled = await openPooled();
  const memory = memoryEnds();
  const moved = relay(memory.near, pooled.near);
  const chunk = new Uint8Array(CHUNK_BYTES);
  await Promise.all([writeAndClose(memory.far, chunk), readAll(pooled.far)]);
  await Promise.all([writeAndClose(pooled.far, "done"), readAll(memory.far)]);
  await moved;
  assertEquals(chunk.byteLength, CHUNK_BYTES);
});

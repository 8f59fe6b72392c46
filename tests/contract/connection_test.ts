import { assert, assertEquals, assertNotStrictEquals, assertRejects } from "@std/assert";
import type { PoolConnection } from "@npws/pool";
import { Buffer } from "node:buffer";
import { createHash } from "node:crypto";
import { test } from "../harness.ts";
import { startPools, transports } from "./pools.ts";
import { bytes, pattern, readAll, readExactly, write, writeAndClose } from "./streams.ts";

/** The pairs of pools that a connection can exist between, and which of the two writes. */
const pairs = transports.flatMap(({ name, options }) =>
  ([1, 2] as const).flatMap((protocol) =>
    (["client", "server"] as const).map((writer) => ({
      title: `connection (npws/${protocol}, ${name}, the ${writer} writes)`,
      writer,
      pools: { protocol, client: options },
    }))
  )
);

/** All kinds of buffers and views, over the same bytes. */
const kinds: Record<string, (buffer: ArrayBuffer) => ArrayBufferView | ArrayBuffer> = {
  ArrayBuffer: (buffer) => buffer,
  DataView: (buffer) => new DataView(buffer, 8, 16),
  Uint8Array: (buffer) => new Uint8Array(buffer, 8, 16),
  Uint8ClampedArray: (buffer) => new Uint8ClampedArray(buffer, 8, 16),
  Int8Array: (buffer) => new Int8Array(buffer, 8, 16),
  Uint16Array: (buffer) => new Uint16Array(buffer, 8, 8),
  Int16Array: (buffer) => new Int16Array(buffer, 8, 8),
  Uint32Array: (buffer) => new Uint32Array(buffer, 8, 4),
  Int32Array: (buffer) => new Int32Array(buffer, 8, 4),
  Float32Array: (buffer) => new Float32Array(buffer, 8, 4),
  Float64Array: (buffer) => new Float64Array(buffer, 8, 2),
  BigInt64Array: (buffer) => new BigInt64Array(buffer, 8, 2),
  BigUint64Array: (buffer) => new BigUint64Array(buffer, 8, 2),
  "empty Uint8Array": (buffer) => new Uint8Array(buffer, 8, 0),
  "node:buffer's Buffer": (buffer) => Buffer.from(buffer, 8, 16),
};

for (const { title, writer, pools } of pairs) {
  /** Runs a test on the two ends of a connection, the writer's end first. */
  const onConnection = (claim: string, run: (from: PoolConnection, to: PoolConnection) => Promise<void> | void) =>
    test(`${title}: ${claim}`, async () => {
      await using running = await startPools(pools);
      const from = await running[writer].incomingGet();
      const to = await running[writer === "client" ? "server" : "client"].outgoingGet(from.id);
      await run(from, to);
      assertEquals(running.client.stats().lost + running.server.stats().lost, 0);
    });

  onConnection("16 MiB in writes of all sizes arrive whole and in order", async (from, to) => {
    const whole = pattern(16 * 1024 * 1024);
    const writing = writeInPieces(from, whole, [1, 100_000, 7, 65_536, 65_537, 0, 1_500, 16_384, 16_383, 2_000_000]);
    assertEquals(sha256(await readAll(to)), sha256(whole));
    await writing;
    assertEquals([from.bytesWritten, to.bytesRead], [whole.length, whole.length]);
  });

  onConnection("10,000 writes of one byte arrive whole and in order", async (from, to) => {
    const whole = pattern(10_000);
    const writing = writeInPieces(from, whole, [1]);
    assertEquals(await readAll(to), whole);
    await writing;
  });

  onConnection("a read into the reader's own buffer is filled", async (from, to) => {
    const whole = pattern(100_000);
    const writing = writeAndClose(from, whole);
    const reader = to.readable.getReader({ mode: "byob" });
    const first = await reader.read(new Uint8Array(new ArrayBuffer(64), 8, 16), { min: 16 });
    assertEquals([first.value!.byteOffset, first.value], [8, whole.subarray(0, 16)]);
    const words = await reader.read(new Uint32Array(1_000), { min: 1_000 });
    assertEquals(new Uint8Array(words.value!.buffer), whole.subarray(16, 4_016));
    const rest = await reader.read(new Uint8Array(200_000), { min: 200_000 });
    assertEquals(rest.value, whole.subarray(4_016));
    assertEquals((await reader.read(new Uint8Array(1))).done, true);
    await writing;
  });

  onConnection("chunks are fresh memory, and a written one may be used again", async (from, to) => {
    const chunk = bytes("first");
    const reader = to.readable.getReader();
    await write(from, chunk);
    const first = (await reader.read()).value!;
    chunk.set(bytes("other"));
    await write(from, chunk);
    chunk.fill(0);
    const second = (await reader.read()).value!;
    assertEquals([first, second], [bytes("first"), bytes("other")]);
    assertNotStrictEquals(first.buffer, second.buffer);
    assertEquals(structuredClone(first, { transfer: [first.buffer] }), bytes("first"));
    assertEquals(second, bytes("other"));
  });

  onConnection("a large chunk may be used again once its write has resolved", async (from, to) => {
    const chunk = pattern(500_000);
    const expected = sha256(chunk);
    const reading = readExactly(to, chunk.length);
    await write(from, chunk);
    chunk.fill(0);
    assertEquals(sha256(await reading), expected);
  });

  onConnection("every kind of view is written as the bytes that it shows", async (from, to) => {
    const buffer = pattern(64).buffer;
    const expected: Uint8Array[] = [];
    const out = from.writable.getWriter();
    for (const view of Object.values(kinds).map((of) => of(buffer))) {
      expected.push(
        ArrayBuffer.isView(view) ? new Uint8Array(buffer, view.byteOffset, view.byteLength) : new Uint8Array(view),
      );
      await out.write(view as Uint8Array);
    }
    out.close();
    assertEquals(
      await readAll(to),
      new Uint8Array(await new Blob(expected as Uint8Array<ArrayBuffer>[]).arrayBuffer()),
    );
  });

  onConnection("a view of shared memory is written too", async (from, to) => {
    const shared = new Uint8Array(new SharedArrayBuffer(8)).fill(9);
    await write(from, shared);
    assertEquals(await readExactly(to, 8), Uint8Array.from(shared));
  });

  onConnection("the two ends know each other's addresses, where the runtime tells them", (from, to) => {
    const [client, server] = writer === "client" ? [from, to] : [to, from];
    assert(server.remoteAddress!.port > 0);
    assertEquals(server.remoteAddress!.hostname, "127.0.0.1");
    if (client.localAddress) assertEquals(client.localAddress, server.remoteAddress);
    if (client.remoteAddress) assertEquals(client.remoteAddress.hostname, "127.0.0.1");
    assertEquals([client.tls, server.tls], [undefined, undefined]);
  });

  onConnection("`await using` closes it", async (from, to) => {
    {
      await using connection = from;
      await write(connection, "last words");
    }
    assertEquals(await readAll(to), bytes("last words"));
    await to.close();
    await from.closed;
    await assertRejects(() => write(from, "more"));
  });
}

async function writeInPieces({ writable }: PoolConnection, whole: Uint8Array, sizes: number[]): Promise<void> {
  const writer = writable.getWriter();
  for (let at = 0, index = 0; at < whole.length; index++) {
    const piece = whole.subarray(at, at + sizes[index % sizes.length]);
    at += piece.length;
    await writer.ready;
    writer.write(piece).catch(() => {}); // the close reports it
  }
  await writer.close();
}

function sha256(content: Uint8Array): string {
  return createHash("sha256").update(content).digest("hex");
}

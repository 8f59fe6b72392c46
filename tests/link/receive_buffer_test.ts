import fc from "fast-check";
import { assert, assertEquals, assertStrictEquals } from "@std/assert";
import { env } from "node:process";
import { ReceiveBuffer } from "../../src/link/receive_buffer.ts";
import { test } from "../harness.ts";

/** From this size on, a message is never joined with another one. */
const LARGE_BYTES = 1_024;

/** The most that a chunk of joined messages holds. */
const BLOCK_BYTES = 16_384;

/** Messages of these sizes, whose bytes are numbered consecutively. */
function messages(...sizes: number[]): Uint8Array<ArrayBuffer>[] {
  let next = 0;
  return sizes.map((size) => Uint8Array.from({ length: size }, () => next++ % 256));
}

/** A buffer that holds messages of these sizes. */
function filled(...sizes: number[]) {
  const buffer = new ReceiveBuffer();
  const chunks = messages(...sizes);
  for (const chunk of chunks) buffer.push(chunk);
  return { buffer, chunks };
}

/** Removes and returns everything. */
function drained(buffer: ReceiveBuffer): Uint8Array<ArrayBuffer>[] {
  const chunks: Uint8Array<ArrayBuffer>[] = [];
  for (let chunk = buffer.shift(); chunk; chunk = buffer.shift()) chunks.push(chunk);
  return chunks;
}

function concat(chunks: Uint8Array[]): number[] {
  return chunks.flatMap((chunk) => [...chunk]);
}

test("ReceiveBuffer.shift() hands out each large message as it came, in order", () => {
  const { buffer, chunks } = filled(LARGE_BYTES, 65_536, LARGE_BYTES);
  assertEquals(buffer.byteLength, 65_536 + 2 * LARGE_BYTES);
  for (const chunk of chunks) assertStrictEquals(buffer.shift(), chunk);
  assertEquals([buffer.shift(), buffer.byteLength], [undefined, 0]);
});

test("ReceiveBuffer.shift() hands out a small message as it came where no other one waits", () => {
  const { buffer, chunks: [first, large, second] } = filled(1, LARGE_BYTES, 2);
  for (const chunk of [first, large, second]) assertStrictEquals(buffer.shift(), chunk);
  buffer.push(first);
  assertStrictEquals(buffer.shift(), first);
  assertEquals([buffer.shift(), buffer.byteLength], [undefined, 0]);
});

test("ReceiveBuffer.shift() hands out small messages that waited together as one, and leaves theirs as they were", () => {
  const { buffer, chunks } = filled(3, 1, 2, LARGE_BYTES, 2, 2);
  assertEquals([...buffer.shift()!], [0, 1, 2, 3, 4, 5]);
  assertStrictEquals(buffer.shift(), chunks[3]);
  assertEquals(buffer.shift()!.byteLength, 4);
  assertEquals([buffer.shift(), buffer.byteLength], [undefined, 0]);
  assertEquals(chunks.map(({ byteLength, buffer }) => buffer.byteLength - byteLength), [0, 0, 0, 0, 0, 0]);
  assertEquals(concat(chunks.slice(0, 3)), [0, 1, 2, 3, 4, 5]);
});

test("ReceiveBuffer writes into no chunk that it has handed out", () => {
  const { buffer } = filled(300, 300, 300);
  const chunk = buffer.shift()!;
  buffer.push(Uint8Array.of(9));
  buffer.push(Uint8Array.of(9));
  const spare = new Uint8Array(chunk.buffer).subarray(900);
  assertEquals([chunk.byteLength, spare.byteLength, spare.some((byte) => byte !== 0)], [900, 124, false]);
  const alone = Uint8Array.of(7);
  const memory = new Uint8Array(4).fill(255);
  memory.set(alone);
  buffer.clear();
  buffer.push(memory.subarray(0, 1));
  buffer.push(Uint8Array.of(9));
  assertEquals([[...buffer.shift()!], [...memory]], [[7, 9], [7, 255, 255, 255]]);
});

for (const [size, count] of [[1, 262_144], [2, 50_000], [500, 1_000], [LARGE_BYTES - 1, 1_000]]) {
  test(`ReceiveBuffer keeps ${count} messages of ${size} bytes in little more memory than their bytes`, () => {
    const buffer = new ReceiveBuffer();
    for (let index = 0; index < count; index++) buffer.push(new Uint8Array(size));
    assertEquals(buffer.byteLength, count * size);
    const chunks = drained(buffer);
    const memory = chunks.reduce((sum, { buffer }) => sum + buffer.byteLength, 0);
    assert(memory <= 1.4 * count * size + BLOCK_BYTES, `${memory} bytes of memory for ${count * size}`);
    assert(chunks.length <= 1.4 * count * size / BLOCK_BYTES + 1, `${chunks.length} chunks`);
    assert(chunks.every(({ byteLength }) => byteLength <= BLOCK_BYTES));
  });
}

test("ReceiveBuffer keeps small and large messages in turns in twice the memory of their bytes at most", () => {
  const buffer = new ReceiveBuffer();
  for (let index = 0; index < 1_000; index++) buffer.push(new Uint8Array(index % 3 === 2 ? LARGE_BYTES : 1));
  const { byteLength } = buffer;
  const memory = drained(buffer).reduce((sum, { buffer }) => sum + buffer.byteLength, 0);
  assert(memory <= 2 * byteLength, `${memory} bytes of memory for ${byteLength}`);
});

test("ReceiveBuffer hands out no chunk that is mostly empty, however much waited", () => {
  for (let count = 2; count < 2_500; count += 61) {
    const { buffer } = filled(...Array(count).fill(10));
    for (const { byteLength, buffer: memory } of drained(buffer)) {
      assert(memory.byteLength <= 2 * byteLength, `${memory.byteLength} bytes of memory for ${byteLength}`);
    }
  }
});

test("ReceiveBuffer.readInto() fills the target over the borders of messages", () => {
  const { buffer } = filled(3, 1, 4);
  const target = new Uint8Array(5);
  assertEquals(buffer.readInto(target), 5);
  assertEquals([[...target], buffer.byteLength], [[0, 1, 2, 3, 4], 3]);
  assertEquals(buffer.readInto(target), 3);
  assertEquals([[...target], buffer.byteLength], [[5, 6, 7, 3, 4], 0]);
  assertEquals([buffer.readInto(target), buffer.shift()], [0, undefined]);
});

test("ReceiveBuffer.readInto() takes nothing for an empty target, and writes within a view alone", () => {
  const { buffer } = filled(4);
  assertEquals([buffer.readInto(new Uint8Array()), buffer.byteLength], [0, 4]);
  const memory = new Uint8Array(8).fill(255);
  assertEquals(buffer.readInto(memory.subarray(2, 5)), 3);
  assertEquals([...memory], [255, 255, 0, 1, 2, 255, 255, 255]);
});

test("ReceiveBuffer.shift() hands out what readInto() left, and what came since behind it", () => {
  const { buffer } = filled(5, 2);
  buffer.readInto(new Uint8Array(3));
  buffer.push(Uint8Array.of(7, 8));
  assertEquals(concat(drained(buffer)), [3, 4, 5, 6, 7, 8]);
  assertEquals(buffer.byteLength, 0);
});

test("ReceiveBuffer.clear() forgets everything, and goes on", () => {
  const { buffer, chunks } = filled(LARGE_BYTES, LARGE_BYTES, 3, 2);
  buffer.shift();
  assertEquals(buffer.clear(), LARGE_BYTES + 5);
  assertEquals([buffer.clear(), buffer.byteLength, buffer.shift()], [0, 0, undefined]);
  buffer.push(chunks[2]);
  assertStrictEquals(buffer.shift(), chunks[2]);
});

test("ReceiveBuffer keeps thousands of messages in order while some come and some go", () => {
  const buffer = new ReceiveBuffer();
  let [pushed, taken] = [0, 0];
  for (let round = 0; round < 100; round++) {
    for (let count = 0; count < 100; count++) buffer.push(new Uint8Array(LARGE_BYTES).fill(pushed++ % 251));
    for (let count = 0; count < 60; count++) assertEquals(buffer.shift()![0], taken++ % 251);
    assertEquals(buffer.byteLength, LARGE_BYTES * (pushed - taken));
  }
  for (; taken < pushed; taken++) assertEquals(buffer.shift()![0], taken % 251);
  assertEquals([buffer.shift(), buffer.byteLength], [undefined, 0]);
});

test("ReceiveBuffer hands every byte out once and in order, however it comes and goes", () => {
  const size = fc.oneof(fc.integer({ min: 1, max: 10 }), fc.integer({ min: 1, max: 9_000 }));
  const step = fc.oneof(
    { weight: 5, arbitrary: size.map((push) => ({ push })) },
    { weight: 1, arbitrary: fc.constant({ shift: true }) },
    { weight: 1, arbitrary: size.map((read) => ({ read })) },
  );
  const property = fc.property(fc.array(step, { minLength: 20, maxLength: 60 }), (steps) => {
    const buffer = new ReceiveBuffer();
    let [pushed, taken] = [0, 0];
    const check = (bytes: Uint8Array) => assert(bytes.every((byte) => byte === taken++ % 251), `byte ${taken}`);
    for (const step of steps) {
      if ("push" in step) buffer.push(Uint8Array.from({ length: step.push }, () => pushed++ % 251));
      else if ("shift" in step) check(buffer.shift() ?? new Uint8Array());
      else {
        const target = new Uint8Array(step.read);
        check(target.subarray(0, buffer.readInto(target)));
      }
      assertEquals(buffer.byteLength, pushed - taken);
    }
    for (const chunk of drained(buffer)) check(chunk);
    assertEquals([taken, buffer.byteLength], [pushed, 0]);
  });
  fc.assert(property, { seed: Number(env.NPWS_SEED ?? 1), numRuns: 300 });
});

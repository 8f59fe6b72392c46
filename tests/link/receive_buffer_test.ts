import { assertEquals, assertStrictEquals } from "@std/assert";
import { ReceiveBuffer } from "../../src/link/receive_buffer.ts";
import { test } from "../harness.ts";

/** A buffer with chunks of consecutive numbers, of these sizes. */
function filled(...sizes: number[]) {
  const buffer = new ReceiveBuffer();
  let next = 0;
  const chunks = sizes.map((size) => Uint8Array.from({ length: size }, () => next++ % 256));
  for (const chunk of chunks) buffer.push(chunk);
  return { buffer, chunks };
}

test("ReceiveBuffer.shift() hands out each message as it came, in order", () => {
  const { buffer, chunks } = filled(3, 1, 2);
  assertEquals(buffer.byteLength, 6);
  assertStrictEquals(buffer.shift(), chunks[0]);
  assertStrictEquals(buffer.shift(), chunks[1]);
  assertEquals(buffer.byteLength, 2);
  buffer.push(chunks[0]);
  assertStrictEquals(buffer.shift(), chunks[2]);
  assertStrictEquals(buffer.shift(), chunks[0]);
  assertEquals([buffer.shift(), buffer.byteLength], [undefined, 0]);
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

test("ReceiveBuffer.shift() hands out what readInto() left of a message", () => {
  const { buffer } = filled(5, 2);
  buffer.readInto(new Uint8Array(3));
  assertEquals([...buffer.shift()!], [3, 4]);
  assertEquals([...buffer.shift()!], [5, 6]);
  assertEquals(buffer.byteLength, 0);
});

test("ReceiveBuffer.clear() forgets everything, and goes on", () => {
  const { buffer, chunks } = filled(3, 2);
  buffer.shift();
  assertEquals(buffer.clear(), 2);
  assertEquals([buffer.clear(), buffer.byteLength, buffer.shift()], [0, 0, undefined]);
  buffer.push(chunks[0]);
  assertStrictEquals(buffer.shift(), chunks[0]);
});

test("ReceiveBuffer keeps thousands of messages in order while some come and some go", () => {
  const buffer = new ReceiveBuffer();
  let [pushed, taken] = [0, 0];
  for (let round = 0; round < 100; round++) {
    for (let count = 0; count < 100; count++) buffer.push(Uint8Array.of(pushed++ % 251, pushed % 13));
    for (let count = 0; count < 60; count++) assertEquals(buffer.shift()![0], taken++ % 251);
    assertEquals(buffer.byteLength, 2 * (pushed - taken));
  }
  for (; taken < pushed; taken++) assertEquals(buffer.shift()![0], taken % 251);
  assertEquals([buffer.shift(), buffer.byteLength], [undefined, 0]);
});

import { assertEquals, assertNotStrictEquals, assertStrictEquals } from "@std/assert";
import { MAX_DATA_BYTES } from "../../src/link/control.ts";
import { returnBuffer, withRoom } from "../../src/link/gather_buffers.ts";
import { test } from "../harness.ts";

test("withRoom() gives a few long buffers, which are used again, and short ones to those that come on top", () => {
  const first = Array.from({ length: 100 }, () => withRoom(undefined, 0, 100));
  assertEquals(first.filter(({ byteLength }) => byteLength === MAX_DATA_BYTES).length, 32);
  assertEquals(first.filter(({ byteLength }) => byteLength === 1_024).length, 68);
  first.forEach(returnBuffer);
  const second = Array.from({ length: 100 }, () => withRoom(undefined, 0, 2_000));
  assertEquals(second.filter((buffer) => first.includes(buffer)).length, 32);
  assertEquals(second.filter(({ byteLength }) => byteLength === 2_000).length, 68);
  assertEquals(new Set(second).size, 100);
  second.forEach(returnBuffer);
});

test("withRoom() lets a buffer be as long as it is, and moves what is in one that is too short", () => {
  const taken = Array.from({ length: 32 }, () => withRoom(undefined, 0, 1));
  const short = withRoom(undefined, 0, 3);
  short.set([1, 2, 3]);
  assertStrictEquals(withRoom(short, 3, 1_024), short);
  const longer = withRoom(short, 3, 1_025);
  assertNotStrictEquals(longer, short);
  assertEquals([longer.byteLength, ...longer.subarray(0, 4)], [4_096, 1, 2, 3, 0]);
  assertEquals(withRoom(longer, 3, 40_000).byteLength, 40_000);
  assertEquals(withRoom(longer, 3, 4_097).byteLength, 16_384);
  const longest = withRoom(new Uint8Array(30_000), 3, 30_001);
  assertEquals(longest.byteLength, MAX_DATA_BYTES);
  taken.forEach(returnBuffer);
});

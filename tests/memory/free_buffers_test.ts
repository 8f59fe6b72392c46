import { assertEquals, assertStrictEquals } from "@std/assert";
import { FreeBuffers } from "../../src/memory/free_buffers.ts";
import { test } from "../harness.ts";

test("FreeBuffers gives what was given back, each once", () => {
  const free = new FreeBuffers(8, 2);
  assertEquals(free.take(), undefined);
  const buffers = [new Uint8Array(8), new Uint8Array(8)];
  buffers.forEach((buffer) => free.giveBack(buffer));
  const taken = [free.take(), free.take()];
  assertEquals(buffers.filter((buffer) => taken.includes(buffer)).length, 2);
  assertEquals(free.take(), undefined);
});

test("FreeBuffers keeps buffers of its length alone, and no more than it may", () => {
  const free = new FreeBuffers(8, 1);
  for (const byteLength of [0, 7, 9]) free.giveBack(new Uint8Array(byteLength));
  assertEquals(free.take(), undefined);
  const first = new Uint8Array(8);
  for (const buffer of [first, new Uint8Array(8)]) free.giveBack(buffer);
  assertStrictEquals(free.take(), first);
  assertEquals(free.take(), undefined);
});

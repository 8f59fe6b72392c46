import { assertEquals } from "@std/assert";
import { releaseOf } from "../../src/memory/release_memory.ts";
import { test } from "../harness.ts";

test("releaseOf() gives all memory of long bytes back", () => {
  const bytes = new Uint8Array(4_096);
  const release = releaseOf(bytes)!;
  release();
  assertEquals([bytes.byteLength, bytes.buffer.detached], [0, true]);
  release(); // somebody else may have released it first
});

test("releaseOf() leaves bytes alone that are short, that share their memory, or that are a part of it", () => {
  const memory = new Uint8Array(2 * 4_096);
  const shared = new Uint8Array(new SharedArrayBuffer(4_096));
  for (const bytes of [new Uint8Array(4_095), shared, memory.subarray(1), memory.subarray(0, -1)]) {
    assertEquals(releaseOf(bytes), undefined);
  }
});

import { assertEquals, assertGreater } from "@std/assert";
import { maskedFrame } from "../../src/runtime/masked_frame.ts";
import { test } from "../harness.ts";
import { decodeFrame, Opcode } from "../websocket_frames.ts";

for (const byteLength of [0, 1, 2, 3, 4, 5, 125, 126, 127, 1_024, 65_535, 65_536, 65_537, 1_000_003]) {
  test(`maskedFrame() is a client's binary frame of ${byteLength} bytes`, () => {
    const payload = someBytes(byteLength);
    const bytes = maskedFrame(payload);
    assertEquals(decodeFrame(bytes), {
      frame: { opcode: Opcode.binary, payload, isFinal: true, isMasked: true },
      byteLength: bytes.byteLength,
    });
  });
}

test("maskedFrame() takes a view that begins at any byte, and leaves it as it is", () => {
  const memory = someBytes(2_000);
  const before = memory.slice();
  for (const start of [1, 2, 3, 5]) {
    const payload = memory.subarray(start, 1_500 + start);
    assertEquals(decodeFrame(maskedFrame(payload))?.frame.payload, payload);
  }
  assertEquals(memory, before);
});

test("maskedFrame() masks each frame with bytes of its own", () => {
  const payload = new Uint8Array(1_000);
  const keys = new Set(Array.from({ length: 100 }, () => maskedFrame(payload).slice(-4).toHex()));
  assertGreater(keys.size, 90);
});

function someBytes(byteLength: number): Uint8Array<ArrayBuffer> {
  return Uint8Array.from({ length: byteLength }, (_, index) => (index * 167 + (index >> 8)) & 0xff);
}

import { assert, assertEquals, assertGreater } from "@std/assert";
import { maskedFrame, releaseFrame } from "../../src/runtime/masked_frame.ts";
import { test } from "../harness.ts";
import { decodeFrame, Opcode } from "../websocket_frames.ts";

for (const byteLength of [0, 1, 2, 3, 4, 5, 15, 16, 17, 31, 125, 126, 127, 1_024, 65_535, 65_536, 65_537, 1_000_003]) {
  test(`maskedFrame() is a client's binary frame of ${byteLength} bytes`, () => {
    const payload = someBytes(byteLength);
    const { bytes } = maskedFrame(payload);
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
    assertEquals(decodeFrame(maskedFrame(payload).bytes)?.frame.payload, payload);
  }
  assertEquals(memory, before);
});

test("maskedFrame() masks each frame with bytes of its own", () => {
  const payload = new Uint8Array(1_000);
  const keys = new Set(Array.from({ length: 100 }, () => maskedFrame(payload).bytes.slice(-4).toHex()));
  assertGreater(keys.size, 90);
});

test("maskedFrame() uses memory again that was released, for long payloads", () => {
  for (const byteLength of [32_769, 65_536]) {
    const first = maskedFrame(someBytes(65_536));
    const second = maskedFrame(someBytes(byteLength));
    assert(first.buffer !== second.buffer);
    releaseFrame(first);
    const payload = someBytes(byteLength).reverse();
    const third = maskedFrame(payload);
    assert(third.buffer === first.buffer);
    assertEquals(decodeFrame(third.bytes)?.frame.payload, payload);
  }
});

test("maskedFrame() takes little more memory than a short payload, and keeps little of what was released", () => {
  for (const byteLength of [1_024, 32_768, 65_537]) {
    const frame = maskedFrame(someBytes(byteLength));
    assertEquals(frame.buffer.byteLength, byteLength + 16);
    releaseFrame(frame);
    assert(maskedFrame(someBytes(byteLength)).buffer !== frame.buffer);
  }
  const frames = Array.from({ length: 100 }, () => maskedFrame(someBytes(65_536)));
  frames.forEach(releaseFrame);
  const again = new Set(Array.from({ length: 100 }, () => maskedFrame(someBytes(65_536)).buffer));
  assertEquals(frames.filter(({ buffer }) => again.has(buffer)).length, 32);
});

function someBytes(byteLength: number): Uint8Array<ArrayBuffer> {
  return Uint8Array.from({ length: byteLength }, (_, index) => (index * 167 + (index >> 8)) & 0xff);
}

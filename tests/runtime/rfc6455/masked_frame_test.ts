import { assertEquals, assertGreater } from "@std/assert";
import { maskedFrame } from "../../../src/runtime/rfc6455/masked_frame.ts";
import { test } from "../../harness.ts";
import { decodeFrame, Opcode } from "../../websocket_frames.ts";

for (const byteLength of [0, 1, 2, 3, 4, 5, 15, 16, 17, 31, 125, 126, 127, 1_024, 65_535, 65_536, 65_537, 1_000_003]) {
  test(`maskedFrame() is a client's binary frame of ${byteLength} bytes`, () => {
    const payload = someBytes(byteLength);
    const { bytes } = binaryFrame(payload);
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
    assertEquals(decodeFrame(binaryFrame(payload).bytes)?.frame.payload, payload);
  }
  assertEquals(memory, before);
});

test("maskedFrame() masks each frame with bytes of its own", () => {
  const payload = new Uint8Array(1_000);
  const keys = new Set(Array.from({ length: 100 }, () => binaryFrame(payload).bytes.slice(-4).toHex()));
  assertGreater(keys.size, 90);
});

test("maskedFrame() gives the memory of a long frame back", () => {
  const payload = someBytes(65_536);
  const { bytes, release } = maskedFrame(Opcode.binary, payload);
  release!();
  assertEquals([bytes.byteLength, payload.byteLength], [0, 65_536]);
  assertEquals(binaryFrame(someBytes(1_024)).release, undefined);
});

test("maskedFrame() has the kind that it is given", () => {
  for (const opcode of Object.values(Opcode)) {
    assertEquals(decodeFrame(framed(opcode, someBytes(3)).bytes)?.frame.opcode, opcode);
  }
});

/** Not a Buffer: that would not equal an Uint8Array. */
function framed(opcode: number, payload: Uint8Array) {
  const { bytes: { buffer, byteOffset, byteLength }, release } = maskedFrame(opcode, payload);
  return { bytes: new Uint8Array(buffer, byteOffset, byteLength), release };
}

function binaryFrame(payload: Uint8Array) {
  return framed(Opcode.binary, payload);
}

function someBytes(byteLength: number): Uint8Array<ArrayBuffer> {
  return Uint8Array.from({ length: byteLength }, (_, index) => (index * 167 + (index >> 8)) & 0xff);
}

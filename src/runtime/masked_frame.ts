import { FreeBuffers } from "../free_buffers.ts";

/** Room for the longest header of a client's frame, and a multiple of the words that are masked at a time. */
const HEADER_ROOM_BYTES = 16;

/**
 * Payloads from half of this length to all of it are framed in memory that is used again. For shorter ones it would be mostly
 * empty, and a frame can wait long for its peer.
 */
const REUSED_BYTES = 65_536;
const REUSED_BUFFER_BYTES = HEADER_ROOM_BYTES + REUSED_BYTES;

/** What is kept of it: as much as a few busy sockets have on the way. */
const freeBuffers = new FreeBuffers(REUSED_BUFFER_BYTES, 32);

/** "This frame is the whole message" and "binary". */
const FINAL_BINARY = 0x82;

/** "The payload is masked", beside its length or one of the two marks that say where the length stands. */
const MASKED = 0x80;
const LENGTH_IN_2_BYTES = 126;
const LENGTH_IN_8_BYTES = 127;

const MASK_BYTES = 4;
const WORDS_IN_BLOCK = 4;
const BLOCK_BYTES = WORDS_IN_BLOCK * MASK_BYTES;

/** One word, in the order of this machine's bytes, and the same as the bytes that the peer unmasks with. */
const maskWord = new Int32Array(1);
const maskBytes = new Uint8Array(maskWord.buffer);

/** One frame, and the memory that it stands in. */
export interface MaskedFrame {
  readonly bytes: Uint8Array<ArrayBuffer>;
  /** Goes to `releaseFrame` when nobody reads the bytes any more. */
  readonly buffer: Uint8Array<ArrayBuffer>;
}

/**
 * A client's binary message as one frame (RFC 6455 section 5.2). The payload is masked by whole words on its way into memory that
 * is used again: that is nearly three times as fast
 * as masking a fresh copy, which is five times as fast as byte by byte.
 */
export function maskedFrame(payload: Uint8Array): MaskedFrame {
  const { byteLength } = payload;
  const buffer = isReused(byteLength)
    ? freeBuffers.take() ?? new Uint8Array(REUSED_BUFFER_BYTES)
    : new Uint8Array(HEADER_ROOM_BYTES + byteLength);
  const end = HEADER_ROOM_BYTES + byteLength;
  crypto.getRandomValues(maskWord);
  mask(payload, buffer.subarray(HEADER_ROOM_BYTES, end));
  return { bytes: buffer.subarray(writeHeader(buffer, byteLength), end), buffer };
}

/** Takes a frame's memory back. */
export function releaseFrame({ buffer }: MaskedFrame): void {
  freeBuffers.giveBack(buffer);
}

function isReused(byteLength: number): boolean {
  return byteLength > REUSED_BYTES / 2 && byteLength <= REUSED_BYTES;
}

/** Masks whole blocks, for which a payload that begins between two words is copied first, and then the bytes that are left. */
function mask(payload: Uint8Array, target: Uint8Array<ArrayBuffer>): void {
  const isAligned = payload.byteOffset % MASK_BYTES === 0;
  if (!isAligned) target.set(payload);
  maskBlocks(blocksOf(isAligned ? payload : target), blocksOf(target), maskWord[0]!);
  const left = payload.byteLength % BLOCK_BYTES;
  for (let i = payload.byteLength - left; i < payload.byteLength; i++) target[i] = payload[i]! ^ maskBytes[i & 3]!;
}

/** The words of whole blocks. */
function blocksOf({ buffer, byteOffset, byteLength }: Uint8Array): Int32Array {
  return new Int32Array(buffer, byteOffset, WORDS_IN_BLOCK * Math.floor(byteLength / BLOCK_BYTES));
}

/** V8 does not unroll it by itself: a word at a time takes more than twice as long, and unsigned words longer to get fast. */
function maskBlocks(from: Int32Array, to: Int32Array, mask: number): void {
  for (let i = 0; i < to.length; i += WORDS_IN_BLOCK) {
    to[i] = from[i]! ^ mask;
    to[i + 1] = from[i + 1]! ^ mask;
    to[i + 2] = from[i + 2]! ^ mask;
    to[i + 3] = from[i + 3]! ^ mask;
  }
}

/** Writes the header up to the payload, and returns where it begins. */
function writeHeader(frame: Uint8Array<ArrayBuffer>, byteLength: number): number {
  const view = new DataView(frame.buffer);
  const end = HEADER_ROOM_BYTES - MASK_BYTES;
  frame.set(maskBytes, end);
  if (byteLength < LENGTH_IN_2_BYTES) {
    view.setUint16(end - 2, FINAL_BINARY << 8 | MASKED | byteLength);
    return end - 2;
  }
  if (byteLength < 65_536) {
    view.setUint16(end - 4, FINAL_BINARY << 8 | MASKED | LENGTH_IN_2_BYTES);
    view.setUint16(end - 2, byteLength);
    return end - 4;
  }
  view.setUint16(end - 10, FINAL_BINARY << 8 | MASKED | LENGTH_IN_8_BYTES);
  view.setBigUint64(end - 8, BigInt(byteLength));
  return end - 10;
}

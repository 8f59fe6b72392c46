import { Buffer } from "node:buffer";
import { releaseOf } from "../../memory/release_memory.ts";
import { FINAL, LENGTH_IN_2_BYTES, LENGTH_IN_8_BYTES, MASKED } from "./frame_format.ts";

/** Room for the longest header of a client's frame, and a multiple of the words used for masking. */
const HEADER_ROOM_BYTES = 16;

const MASK_BYTES = 4;
const WORDS_IN_BLOCK = 4;
const BLOCK_BYTES = WORDS_IN_BLOCK * MASK_BYTES;

/** Below this, viewing the bytes as words costs more than masking them one by one. */
const SHORT_BYTES = 256;

/** One word in this machine's byte order; its bytes are the ones that the peer unmasks with. */
const maskWord = new Int32Array(1);
const maskBytes = new Uint8Array(maskWord.buffer);

/** One frame. */
export interface MaskedFrame {
  readonly bytes: Uint8Array;
  /** To be called when the bytes are no longer read; undefined if there is nothing to release. */
  readonly release: (() => void) | undefined;
}

/**
 * One frame of a client: a whole message or a control frame (RFC 6455 section 5.2). The payload is masked while it is copied
 * into the frame's memory.
 */
export function maskedFrame(opcode: number, payload: Uint8Array): MaskedFrame {
  const { byteLength } = payload;
  const frame = Buffer.allocUnsafe(HEADER_ROOM_BYTES + byteLength);
  crypto.getRandomValues(maskWord);
  mask(payload, frame);
  return { bytes: frame.subarray(writeHeader(frame, opcode, byteLength)), release: releaseOf(frame) };
}

/** Masks a payload into its place behind the header: whole blocks if it is long, and the rest byte by byte. */
function mask(payload: Uint8Array, frame: Uint8Array): void {
  const { byteLength } = payload;
  const words = byteLength < SHORT_BYTES ? 0 : WORDS_IN_BLOCK * Math.floor(byteLength / BLOCK_BYTES);
  if (words > 0) maskBlocks(payload, frame, words);
  for (let i = MASK_BYTES * words; i < byteLength; i++) frame[HEADER_ROOM_BYTES + i] = payload[i]! ^ maskBytes[i & 3]!;
}

/** A payload that does not begin on a word boundary is copied first. */
function maskBlocks(payload: Uint8Array, frame: Uint8Array, words: number): void {
  const to = new Int32Array(frame.buffer, frame.byteOffset + HEADER_ROOM_BYTES, words);
  const isAligned = payload.byteOffset % MASK_BYTES === 0;
  if (!isAligned) frame.set(payload, HEADER_ROOM_BYTES);
  maskWords(isAligned ? new Int32Array(payload.buffer, payload.byteOffset, words) : to, to, maskWord[0]!);
}

/**
 * V8 does not unroll the loop itself: one word at a time takes more than twice as long, and unsigned words take longer to get
 * fast.
 */
function maskWords(from: Int32Array, to: Int32Array, mask: number): void {
  for (let i = 0; i < to.length; i += WORDS_IN_BLOCK) {
    to[i] = from[i]! ^ mask;
    to[i + 1] = from[i + 1]! ^ mask;
    to[i + 2] = from[i + 2]! ^ mask;
    to[i + 3] = from[i + 3]! ^ mask;
  }
}

/** Writes the header backwards from the payload, and returns where it begins. */
function writeHeader(frame: Uint8Array, opcode: number, byteLength: number): number {
  let at = HEADER_ROOM_BYTES;
  for (let i = MASK_BYTES - 1; i >= 0; i--) frame[--at] = maskBytes[i]!;
  const short = byteLength < LENGTH_IN_2_BYTES
    ? byteLength
    : byteLength < 65_536
    ? LENGTH_IN_2_BYTES
    : LENGTH_IN_8_BYTES;
  const lengthBytes = short < LENGTH_IN_2_BYTES ? 0 : short === LENGTH_IN_2_BYTES ? 2 : 8;
  for (let left = byteLength, i = 0; i < lengthBytes; i++, left = Math.floor(left / 256)) frame[--at] = left % 256;
  frame[--at] = MASKED | short;
  frame[--at] = FINAL | opcode;
  return at;
}

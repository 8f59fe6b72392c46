import { Buffer } from "node:buffer";
import { concat } from "../websocket_frames.ts";

/** How many bytes come before they repeat: a prime, so that no chunk length divides it. */
const PERIOD = 1_048_573;

/** The longest piece that is checked at once. */
const LONGEST = 65_536;

/** One period plus the beginning of the next, so that every piece is contiguous. */
const block = concat(randomBlock(PERIOD), randomBlock(LONGEST));

/**
 * The content of one direction of a stream: any number of bytes, each determined by its position. Bytes that are lost,
 * duplicated, swapped, or from another stream do not match their position.
 */
export class Numbered {
  readonly #start: number;

  /** The same name yields the same bytes in every process. */
  constructor(name: string) {
    this.#start = hashOf(name) % PERIOD;
  }

  /** The bytes at this position, at most 64 KiB. The memory is shared and must not be modified. */
  at(offset: number, length: number): Uint8Array {
    const from = (this.#start + offset) % PERIOD;
    return block.subarray(from, from + Math.min(length, LONGEST));
  }

  /** The position of the first wrong byte, counted from the start of the direction; undefined if all are right. */
  firstWrong(offset: number, bytes: Uint8Array): number | undefined {
    for (let at = 0; at < bytes.length; at += LONGEST) {
      const piece = bytes.subarray(at, at + LONGEST);
      const expected = this.at(offset + at, piece.length);
      if (!isEqual(piece, expected)) return offset + at + piece.findIndex((byte, index) => byte !== expected[index]);
    }
  }
}

/** FNV-1a. */
export function hashOf(text: string): number {
  let hash = 0x811c9dc5;
  for (let index = 0; index < text.length; index++) hash = Math.imul(hash ^ text.charCodeAt(index), 0x01000193);
  return hash >>> 0;
}

function isEqual(one: Uint8Array, other: Uint8Array): boolean {
  return Buffer.compare(one, other) === 0;
}

/** The upper bits of a linear congruential generator, the same every time. */
function randomBlock(length: number): Uint8Array {
  let state = 1;
  return Uint8Array.from({ length }, () => (state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0) >>> 24);
}

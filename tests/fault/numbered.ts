import { Buffer } from "node:buffer";
import { concat } from "../websocket_frames.ts";

/** How many bytes it takes until they repeat: a prime, so that no chunk's length divides it. */
const PERIOD = 1_048_573;

/** The longest piece that is looked at in one. */
const LONGEST = 65_536;

/** The period, and its beginning once more, so that no piece has to be put together. */
const block = concat(randomBlock(PERIOD), randomBlock(LONGEST));

/**
 * What one direction of a stream carries: any number of bytes, of which each is known by its place. Bytes that were lost, doubled,
 * swapped, or that belong to another stream are not what stands at their place.
 */
export class Numbered {
  readonly #start: number;

  /** The same name has the same bytes in every process. */
  constructor(name: string) {
    this.#start = hashOf(name) % PERIOD;
  }

  /** The bytes at this place, 64 KiB at most. The memory is shared: it is not to be changed. */
  at(offset: number, length: number): Uint8Array {
    const from = (this.#start + offset) % PERIOD;
    return block.subarray(from, from + Math.min(length, LONGEST));
  }

  /** Where the first byte is that should not be at its place, counted from the direction's start; undefined if all are right. */
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

/** Upper bits of a linear congruential generator, the same each time. */
function randomBlock(length: number): Uint8Array {
  let state = 1;
  return Uint8Array.from({ length }, () => (state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0) >>> 24);
}

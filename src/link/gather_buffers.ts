import { FreeBuffers } from "../memory/free_buffers.ts";
import { MAX_DATA_BYTES } from "./control.ts";

/** The smallest buffer that is allocated, in bytes. */
const FIRST_BYTES = 1_024;
const GROWTH = 4;

/**
 * How many gather buffers are shared, each as long as the longest data message. A buffer is free again as soon as its send
 * returns, so a handful serves thousands of links; a buffer per link would cost an idle pool hundreds of megabytes. If more
 * links gather in one turn, each of the others gets a buffer that grows with what it gathers.
 */
const MAX_BUFFERS = 32;
const freeBuffers = new FreeBuffers(MAX_DATA_BYTES, MAX_BUFFERS);
let made = 0;

/**
 * Returns a buffer with room for `length` bytes, MAX_DATA_BYTES at most, that starts with the first `used` bytes of the given
 * one: that one itself, if it is long enough. It must be given back with `returnBuffer`.
 */
export function withRoom(
  buffer: Uint8Array<ArrayBuffer> | undefined,
  used: number,
  length: number,
): Uint8Array<ArrayBuffer> {
  if (!buffer) return freeBuffers.take() ?? newBuffer(length);
  if (buffer.byteLength >= length) return buffer;
  const longer = new Uint8Array(Math.min(MAX_DATA_BYTES, Math.max(length, GROWTH * buffer.byteLength)));
  longer.set(buffer.subarray(0, used));
  return longer;
}

/** Gives a buffer back. */
export function returnBuffer(buffer: Uint8Array<ArrayBuffer>): void {
  freeBuffers.giveBack(buffer);
}

function newBuffer(length: number): Uint8Array<ArrayBuffer> {
  if (made === MAX_BUFFERS) return new Uint8Array(Math.max(FIRST_BYTES, length));
  made++;
  return new Uint8Array(MAX_DATA_BYTES);
}

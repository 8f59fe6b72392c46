import { FreeBuffers } from "../memory/free_buffers.ts";
import { MAX_DATA_BYTES } from "./control.ts";

/** The shortest buffer that is made, in bytes. */
const FIRST_BYTES = 1_024;
const GROWTH = 4;

/**
 * Buffers to gather in, each as long as the longest data message. What is sent leaves its memory free on return, so a
 * handful serves thousands of links; a buffer per link would cost an idle pool hundreds of megabytes. Where more links than
 * these gather in one turn, each has a buffer that grows with what it gathers.
 */
const MAX_BUFFERS = 32;
const freeBuffers = new FreeBuffers(MAX_DATA_BYTES, MAX_BUFFERS);
let made = 0;

/**
 * A buffer with room for `length` bytes, MAX_DATA_BYTES at most, that begins with the first `used` bytes of the present one: that
 * one itself, if it is long enough. It must be given back.
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

/** The longest message of stream data, in bytes: Deno drops connections at 64 MiB, Bun at 16 MiB, and longer ones gain nothing. */
export const MAX_DATA_BYTES = 65_536;

/**
 * Buffers that nobody uses, each of the length of the longest data message. What is sent leaves its memory free on return, so a
 * handful serves thousands of links; a buffer per link would cost an idle pool hundreds of megabytes.
 */
const freeBuffers: Uint8Array<ArrayBuffer>[] = [];
const MAX_FREE_BUFFERS = 32;

/** A buffer with anything in it. */
export function borrowBuffer(): Uint8Array<ArrayBuffer> {
  return freeBuffers.pop() ?? new Uint8Array(MAX_DATA_BYTES);
}

/** Gives a borrowed buffer back. */
export function returnBuffer(buffer: Uint8Array<ArrayBuffer>): void {
  if (freeBuffers.length < MAX_FREE_BUFFERS) freeBuffers.push(buffer);
}

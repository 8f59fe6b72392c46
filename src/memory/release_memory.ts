/** Shorter memory is left to the garbage collector: releasing it would cost as much, in bytes. */
const SHORT_BYTES = 4_096;

/**
 * A function that releases the memory of `bytes` at once; undefined where that is not worth the time, or where the memory may
 * hold more than these bytes. Garbage collectors count such memory and run because of it, hundreds of times per GiB of chunks;
 * released memory is reused for the next chunk while it is still in the processor's cache.
 *
 * @param bytes Nobody else may hold them, or any view of their memory.
 */
export function releaseOf(bytes: Uint8Array): (() => void) | undefined {
  const { buffer, byteLength } = bytes;
  if (byteLength < SHORT_BYTES || byteLength < buffer.byteLength || !(buffer instanceof ArrayBuffer)) return undefined;
  return () => {
    if (!buffer.detached) buffer.transfer(0);
  };
}

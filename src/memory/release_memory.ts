/** Shorter memory is left to the collector: giving it back would cost as much, in bytes. */
const SHORT_BYTES = 4_096;

/**
 * What gives the memory of bytes back at once; undefined where it is not worth its time, or where it may hold more than these
 * bytes. Collectors count such memory and run for it alone, hundreds of times for a GiB of chunks; memory that comes back is used
 * for the next chunk, while the processor still has it near.
 *
 * @param bytes Nobody else may have them, or any view of their memory.
 */
export function releaseOf(bytes: Uint8Array): (() => void) | undefined {
  const { buffer, byteLength } = bytes;
  if (byteLength < SHORT_BYTES || byteLength < buffer.byteLength || !(buffer instanceof ArrayBuffer)) return undefined;
  return () => {
    if (!buffer.detached) buffer.transfer(0);
  };
}

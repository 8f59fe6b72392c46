import type { RelayEnd } from "@npws/pool/relay";

/** The end that a test holds. */
export interface FarEnd extends RelayEnd {
  readonly readable: ReadableStream<Uint8Array<ArrayBuffer>>;
}

/** Two ends of a connection in memory: what is written to one is read from the other. Each chunk waits for its reader. */
export function memoryEnds(): { near: RelayEnd; far: FarEnd } {
  const toNear = new TransformStream<Uint8Array, Uint8Array<ArrayBuffer>>();
  const toFar = new TransformStream<Uint8Array, Uint8Array<ArrayBuffer>>();
  return {
    near: { readable: toNear.readable, writable: toFar.writable },
    far: { readable: toFar.readable, writable: toNear.writable },
  };
}

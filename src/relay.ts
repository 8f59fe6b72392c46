/**
 * Moves bytes both ways between two connections: a pooled connection and a TCP socket, two pooled connections, whatever has a
 * readable and a writable stream of bytes.
 *
 * @example
 * ```ts ignore
 * import type { PoolConnection } from "@npws/pool";
 * import { relay } from "@npws/pool/relay";
 *
 * /** Connects a stream to a local service. *\/
 * export async function forward(connection: PoolConnection, port: number): Promise<void> {
 *   const { aToB, bToA } = await relay(connection, await Deno.connect({ port }));
 *   console.log(`${aToB} bytes in, ${bToA} bytes out`);
 * }
 * ```
 *
 * @module
 */

/** One end of a relay. */
export interface RelayEnd {
  /** What comes from this end. */
  readonly readable: ReadableStream<Uint8Array>;
  /** What goes to this end. */
  readonly writable: WritableStream<Uint8Array>;
}

/** How many bytes a relay has moved. */
export interface RelayResult {
  /** From the first end to the second. */
  readonly aToB: number;
  /** From the second end to the first. */
  readonly bToA: number;
}

/**
 * Moves bytes both ways until both directions have ended. The end of one direction closes the other end's writable and leaves
 * the opposite direction open (half-close). An error in either direction, or the signal, aborts both ends at once.
 *
 * @param a One end; both its streams must be unlocked.
 * @param b The other end; both its streams must be unlocked.
 * @param options.signal Aborts both ends with its reason.
 * @returns The bytes moved in each direction.
 * @throws What broke one of the streams, or the signal's reason.
 */
export async function relay(a: RelayEnd, b: RelayEnd, options: { signal?: AbortSignal } = {}): Promise<RelayResult> {
  const { signal } = options;
  const aToB = new Direction(a, b);
  const bToA = new Direction(b, a);
  const abort = (reason: unknown) => {
    aToB.abort(reason);
    bToA.abort(reason);
  };
  const onAbort = () => abort(signal!.reason);
  signal?.addEventListener("abort", onAbort, { once: true });
  try {
    signal?.throwIfAborted();
    await Promise.all([aToB.run(), bToA.run()]);
  } catch (error) {
    abort(error);
    throw error;
  } finally {
    signal?.removeEventListener("abort", onAbort);
  }
  return { aToB: aToB.bytes, bToA: bToA.bytes };
}

class Direction {
  readonly #reader: ReadableStreamDefaultReader<Uint8Array>;
  readonly #writer: WritableStreamDefaultWriter<Uint8Array>;
  bytes = 0;

  constructor(from: RelayEnd, to: RelayEnd) {
    this.#reader = from.readable.getReader();
    this.#writer = to.writable.getWriter();
    this.#writer.closed.catch(() => {}); // heard by run(), which an aborted relay never calls
  }

  /** Moves all bytes, then the end. Fails as soon as either stream does, also while there is nothing to move. */
  async run(): Promise<void> {
    await Promise.all([this.#pump(), this.#writer.closed]);
  }

  /** Ends a stream that has ended already in no other way. */
  abort(reason: unknown): void {
    this.#reader.cancel(reason).catch(() => {});
    this.#writer.abort(reason).catch(() => {});
  }

  /** Reads ahead as far as the writable's queue has room: waiting for each write would leave one of the two idle. */
  async #pump(): Promise<void> {
    for (;;) {
      const { value, done } = await this.#reader.read();
      if (done) break;
      this.bytes += value.byteLength;
      await this.#writer.ready;
      this.#writer.write(value).catch(() => {}); // `closed` rejects with the same error
    }
    await this.#writer.close();
  }
}

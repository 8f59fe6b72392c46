import { describeType } from "../describe.ts";
import type { HeldEnd } from "./held_end.ts";

/**
 * What may be on its way into a writable at most, in bytes. Streams made of Node's sockets count chunks where they mean bytes, on
 * Deno, and would take gigabytes.
 */
const MAX_WAITING_BYTES = 1_048_576;

/** An end made of two web streams, both locked from here on. */
export class StreamEnd implements HeldEnd {
  readonly over: Promise<unknown>;
  /** Whoever fills the readable may have kept the chunk. */
  readonly ownsLastRead = false;
  readonly #reader: ReadableStreamDefaultReader<Uint8Array>;
  readonly #writer: WritableStreamDefaultWriter<Uint8Array>;
  #waitingBytes = 0;
  #written: Promise<void> | undefined;

  constructor(readable: ReadableStream<Uint8Array>, writable: WritableStream<Uint8Array>) {
    this.#reader = readable.getReader();
    this.#writer = writable.getWriter();
    this.over = Promise.all([this.#reader.closed, this.#writer.closed]);
    this.over.catch(ignore); // a relay that is aborted before it begins does not listen
  }

  async read(): Promise<Uint8Array | undefined> {
    const { value, done } = await this.#reader.read();
    if (done) return undefined;
    if (value instanceof Uint8Array) return value;
    throw new TypeError(`Cannot relay: a readable must give chunks of Uint8Array, got ${describeType(value)}`);
  }

  room(): Promise<unknown> | undefined {
    if (this.#waitingBytes >= MAX_WAITING_BYTES) return this.#written;
    const { desiredSize } = this.#writer;
    return desiredSize !== null && desiredSize > 0 ? undefined : this.#writer.ready;
  }

  /** Whoever empties the writable may keep the chunk. */
  write(bytes: Uint8Array): void {
    const { byteLength } = bytes;
    this.#waitingBytes += byteLength;
    const settle = () => void (this.#waitingBytes -= byteLength);
    this.#written = this.#writer.write(bytes).then(settle, settle); // `over` rejects with the same error
  }

  end(): Promise<void> {
    return this.#writer.close();
  }

  abort(reason: unknown): void {
    this.#reader.cancel(reason).catch(ignore);
    this.#writer.abort(reason).catch(ignore);
  }

  /** The streams have ended or are aborted, and free themselves. Unlocking them would make errors for a promise each. */
  release(): void {}
}

function ignore(): void {}

import { describeType } from "../describe.ts";
import type { EndEvents, HeldEnd } from "./held_end.ts";
import { ReadAhead } from "./read_ahead.ts";

/**
 * How many bytes may be on their way into a writable. On Deno, streams made from Node sockets count chunks where they should
 * count bytes, and would accept gigabytes.
 */
const MAX_WAITING_BYTES = 1_048_576;

/** An end made of two web streams, both locked from here on. */
export class StreamEnd implements HeldEnd {
  /** Whoever fills the readable may have kept the chunk. */
  readonly ownsLastRead = false;
  readonly #reader: ReadableStreamDefaultReader<Uint8Array>;
  readonly #writer: WritableStreamDefaultWriter<Uint8Array>;
  readonly #over: Promise<unknown>;
  #events!: EndEvents;
  readonly #fail = (error: unknown) => this.#events.failed(error);
  readonly #incoming = new ReadAhead(() => this.#nextChunk());
  /** Chunks on their way into the writable. */
  #waiting = 0;
  #waitingBytes = 0;

  constructor(readable: ReadableStream<Uint8Array>, writable: WritableStream<Uint8Array>) {
    this.#reader = readable.getReader();
    this.#writer = writable.getWriter();
    this.#over = Promise.all([this.#reader.closed, this.#writer.closed]);
    this.#over.catch(ignore); // a relay that is aborted before it begins does not listen
  }

  begin(events: EndEvents): void {
    this.#events = events;
    this.#incoming.begin(events);
    this.#over.then(() => this.#events.over(), this.#fail);
  }

  read(): Uint8Array | undefined {
    return this.#incoming.read();
  }

  get isAtEnd(): boolean {
    return this.#incoming.isAtEnd;
  }

  /** One chunk is always allowed, so that an end that accepts nothing more, or is broken, reports it. */
  get hasRoom(): boolean {
    const { desiredSize } = this.#writer;
    if (this.#waiting === 0 || desiredSize === null) return true;
    return this.#waitingBytes < MAX_WAITING_BYTES && desiredSize > 0;
  }

  /** Never calls `taken`: whoever empties the writable may keep the chunk. */
  write(bytes: Uint8Array): void {
    const { byteLength } = bytes;
    this.#waiting++;
    this.#waitingBytes += byteLength;
    const taken = () => {
      this.#waiting--;
      this.#waitingBytes -= byteLength;
      this.#events.writable();
    };
    this.#writer.write(bytes).then(taken, this.#fail);
    if (!this.hasRoom) this.#writer.ready.then(() => this.#events.writable(), this.#fail);
  }

  end(ended: () => void): void {
    this.#writer.close().then(ended, this.#fail);
    this.#writer.ready.catch(this.#fail); // reports one that is broken already, even while a write never settles
  }

  abort(reason: unknown): void {
    this.#reader.cancel(reason).catch(ignore);
    this.#writer.abort(reason).catch(ignore);
  }

  /** The streams have ended or are aborted, and need no freeing. Unlocking them would create an error for a promise of each. */
  release(): void {}

  async #nextChunk(): Promise<Uint8Array | undefined> {
    const { value, done } = await this.#reader.read();
    if (done) return undefined;
    if (value instanceof Uint8Array) return value;
    throw new TypeError(`Cannot relay: a readable must yield Uint8Array chunks, got ${describeType(value)}`);
  }
}

function ignore(): void {}

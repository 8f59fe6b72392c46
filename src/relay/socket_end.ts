import type { EndEvents, HeldEnd } from "./held_end.ts";
import { ReadAhead } from "./read_ahead.ts";

/** A connection that reads and writes without web streams, as `Deno.TcpConn` does. */
export interface DirectSocket {
  /** Fills a part of the buffer; null at the end. */
  read(buffer: Uint8Array): Promise<number | null>;
  /** Writes a part of the bytes. */
  write(bytes: Uint8Array): Promise<number>;
  /** Ends writing; reading goes on. */
  closeWrite(): Promise<void>;
  /** Ends everything. */
  close(): void;
}

/** The most that is read at a time, in bytes. */
const READ_BYTES = 65_536;

/** What is read in pieces smaller than this is copied, for a buffer of its own would be mostly empty. */
const COPY_BYTES = 16_384;

/**
 * A connection used past its web streams: those of `Deno.TcpConn` close it whole as soon as one of them ends, and cost twice the
 * processor time.
 */
export class SocketEnd implements HeldEnd {
  readonly ownsLastRead = true;
  readonly #socket: DirectSocket;
  #events!: EndEvents;
  readonly #incoming = new ReadAhead(() => this.#nextChunk());
  #buffer: Uint8Array | undefined;
  hasRoom = true;
  #isEndSent = false;

  constructor(socket: DirectSocket) {
    this.#socket = socket;
  }

  begin(events: EndEvents): void {
    this.#events = events;
    const readable = () => {
      events.readable();
      this.#overIfEnded();
    };
    this.#incoming.begin({ readable, failed: events.failed });
  }

  read(): Uint8Array | undefined {
    return this.#incoming.read();
  }

  get isAtEnd(): boolean {
    return this.#incoming.isAtEnd;
  }

  /** Any object of this shape may keep the bytes. */
  write(bytes: Uint8Array): void {
    this.hasRoom = false;
    this.#writeAll(bytes).then(() => {
      this.hasRoom = true;
      this.#events.writable();
    }, this.#events.failed);
  }

  end(ended: () => void): void {
    this.#socket.closeWrite().then(() => {
      this.#isEndSent = true;
      ended();
      this.#overIfEnded();
    }, this.#events.failed);
  }

  abort(): void {
    this.release();
  }

  release(): void {
    try {
      this.#socket.close();
    } catch {
      // it is closed already
    }
  }

  async #nextChunk(): Promise<Uint8Array | undefined> {
    const buffer = this.#buffer ??= new Uint8Array(READ_BYTES);
    const length = await this.#socket.read(buffer);
    if (length === null) return undefined;
    if (length < COPY_BYTES) return buffer.slice(0, length);
    this.#buffer = undefined; // it is the reader's now
    return buffer.subarray(0, length);
  }

  #overIfEnded(): void {
    if (this.isAtEnd && this.#isEndSent) this.#events.over();
  }

  async #writeAll(bytes: Uint8Array): Promise<void> {
    for (let sent = 0; sent < bytes.byteLength;) sent += await this.#socket.write(bytes.subarray(sent));
  }
}

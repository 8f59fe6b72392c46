import type { EndEvents, HeldEnd } from "./held_end.ts";
import { ReadAhead } from "./read_ahead.ts";

/** A connection that reads and writes without web streams, as `Deno.TcpConn` does. */
export interface DirectSocket {
  /** Fills part of the buffer and returns how many bytes; null at the end. */
  read(buffer: Uint8Array): Promise<number | null>;
  /** Writes some of the bytes and returns how many. */
  write(bytes: Uint8Array): Promise<number>;
  /** Ends writing; reading goes on. */
  closeWrite(): Promise<void>;
  /** Closes the connection. */
  close(): void;
}

/** The most that is read at a time, in bytes. */
const READ_BYTES = 65_536;

/** Pieces smaller than this are copied, because a buffer of their own would be mostly empty. */
const COPY_BYTES = 16_384;

/**
 * A connection used without its web streams: those of `Deno.TcpConn` close the whole connection as soon as one of them ends,
 * and cost twice the CPU time.
 */
export class SocketEnd implements HeldEnd {
  readonly ownsLastRead = true;
  readonly #socket: DirectSocket;
  #events!: EndEvents;
  readonly #fail = (error: unknown) => this.#events.failed(error);
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
    this.#incoming.begin({ readable, failed: this.#fail });
  }

  read(): Uint8Array | undefined {
    return this.#incoming.read();
  }

  get isAtEnd(): boolean {
    return this.#incoming.isAtEnd;
  }

  /** Never calls `taken`: any object of this shape may keep the bytes. */
  write(bytes: Uint8Array): void {
    this.hasRoom = false;
    this.#writeAll(bytes).then(() => {
      this.hasRoom = true;
      this.#events.writable();
    }, this.#fail);
  }

  end(ended: () => void): void {
    this.#socket.closeWrite().then(() => {
      this.#isEndSent = true;
      ended();
      this.#overIfEnded();
    }, this.#fail);
  }

  abort(): void {
    this.release();
  }

  release(): void {
    try {
      this.#socket.close();
    } catch {
      // already closed
    }
  }

  async #nextChunk(): Promise<Uint8Array | undefined> {
    const buffer = this.#buffer ??= new Uint8Array(READ_BYTES);
    const length = await this.#socket.read(buffer);
    if (length === null) return undefined;
    if (length < COPY_BYTES) return buffer.slice(0, length);
    this.#buffer = undefined; // it belongs to the reader now
    return buffer.subarray(0, length);
  }

  #overIfEnded(): void {
    if (this.isAtEnd && this.#isEndSent) this.#events.over();
  }

  async #writeAll(bytes: Uint8Array): Promise<void> {
    for (let sent = 0; sent < bytes.byteLength;) sent += await this.#socket.write(bytes.subarray(sent));
  }
}

import type { HeldEnd } from "./held_end.ts";

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
  readonly over: Promise<unknown>;
  readonly ownsLastRead = true;
  readonly #socket: DirectSocket;
  readonly #readOver = Promise.withResolvers<void>();
  readonly #writeOver = Promise.withResolvers<void>();
  #buffer: Uint8Array | undefined;
  #writing: Promise<void> | undefined;

  constructor(socket: DirectSocket) {
    this.#socket = socket;
    this.over = Promise.all([this.#readOver.promise, this.#writeOver.promise]);
  }

  async read(): Promise<Uint8Array | undefined> {
    const buffer = this.#buffer ??= new Uint8Array(READ_BYTES);
    const length = await this.#socket.read(buffer);
    if (length === null) {
      this.#readOver.resolve();
      return undefined;
    }
    if (length < COPY_BYTES) return buffer.slice(0, length);
    this.#buffer = undefined; // it is the reader's now
    return buffer.subarray(0, length);
  }

  room(): Promise<unknown> | undefined {
    return this.#writing;
  }

  /** Any object of this shape may keep the bytes. */
  write(bytes: Uint8Array): void {
    this.#writing = this.#writeAll(bytes);
  }

  async end(): Promise<void> {
    await this.#writing;
    await this.#socket.closeWrite();
    this.#writeOver.resolve();
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

  async #writeAll(bytes: Uint8Array): Promise<void> {
    try {
      for (let sent = 0; sent < bytes.byteLength;) sent += await this.#socket.write(bytes.subarray(sent));
      this.#writing = undefined;
    } catch (error) {
      this.#writeOver.reject(error);
    }
  }
}

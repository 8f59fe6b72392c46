import { createHash } from "node:crypto";
import type { PoolConnection } from "@npws/pool";
import { abortable } from "@std/async/abortable";
import type { SourceFile } from "./source_file.ts";

/** The most bytes that are on their way there and back: a server on npws/1 cannot slow a client down, and may be busy. */
const MAX_UNDER_WAY_BYTES = 4 * 1024 * 1024;

/** What a transfer needs of the file. */
type File = Pick<SourceFile, "bytes" | "sha256" | "chunks">;

/** What a transfer needs of a connection. */
type Connection = Pick<PoolConnection, "id" | "readable" | "writable" | "close" | "abort">;

/** Has the other end of a connection send everything back. Resolves with the SHA-256 of what arrived there. */
type Echo = (id: string) => Promise<string>;

/** One journey of the file over one connection and back; its members tell how far it is. */
export class Transfer {
  /** Counts from 1. */
  readonly number: number;
  /** How long it took to get the connection, in milliseconds. */
  gotInMs = 0;
  sentBytes = 0;
  returnedBytes = 0;
  /** From the start of the journey until everything was sent. */
  sentInMs = 0;
  /** From the start of the journey until everything was back. */
  returnedInMs = 0;
  isVerified = false;
  readonly #file: File;
  readonly #signal: AbortSignal;
  #connection: Connection | undefined;
  #startedAt = 0;
  #onReturned: (() => void) | undefined;

  /** Aborting the signal ends the transfer wherever it is, with the signal's reason. */
  constructor(number: number, file: File, signal: AbortSignal) {
    this.number = number;
    this.#file = file;
    this.#signal = signal;
  }

  /** The connection's id, when there is one. */
  get id(): string | undefined {
    return this.#connection?.id;
  }

  get totalBytes(): number {
    return this.#file.bytes;
  }

  /** How long the file has been on its way, or was, in milliseconds. */
  get elapsedMs(): number {
    return this.isVerified ? this.returnedInMs : performance.now() - this.#startedAt;
  }

  /** Gets the connection. */
  async connect(get: (signal: AbortSignal) => Promise<Connection>): Promise<void> {
    const signal = this.#signal;
    const askedAt = performance.now();
    const connection = await get(signal);
    this.gotInMs = performance.now() - askedAt;
    this.#connection = connection;
    signal.addEventListener("abort", () => connection.abort(signal.reason), { once: true });
  }

  /**
   * Moves the file there and back over the connection, and closes it.
   *
   * @throws {Error} A hash differs, or the connection failed.
   */
  async run(echo: Echo): Promise<void> {
    this.#startedAt = performance.now();
    const connection = this.#connection!;
    const [returned, arrived] = await Promise.all([
      this.#receive(connection),
      echo(connection.id),
      this.#send(connection),
    ]);
    this.#verify("what arrived at the server", arrived);
    this.#verify("what came back", returned);
    this.isVerified = true;
  }

  async #send({ writable }: Connection): Promise<void> {
    const writer = writable.getWriter();
    for await (const chunk of this.#file.chunks()) {
      while (this.sentBytes - this.returnedBytes >= MAX_UNDER_WAY_BYTES) {
        await abortable(this.#nextReturned(), this.#signal);
      }
      await writer.write(chunk); // resolves when flow control took the bytes, and the chunk's memory may be used again
      this.sentBytes += chunk.byteLength;
    }
    this.sentInMs = performance.now() - this.#startedAt;
  }

  #nextReturned(): Promise<void> {
    return new Promise((resolve) => this.#onReturned = resolve);
  }

  /** Closes the connection when everything is back, which tells the server that it was all. Resolves with the SHA-256. */
  async #receive(connection: Connection): Promise<string> {
    const hash = createHash("sha256");
    for await (const chunk of connection.readable) {
      hash.update(chunk);
      this.returnedBytes += chunk.byteLength;
      this.#onReturned?.();
      if (this.returnedBytes >= this.#file.bytes) break;
    }
    this.returnedInMs = performance.now() - this.#startedAt;
    await connection.close();
    return hash.digest("hex");
  }

  #verify(what: string, sha256: string): void {
    if (sha256 === this.#file.sha256) return;
    throw new Error(
      `Cannot verify connection ${this.number} (${this.id}): ` +
        `the SHA-256 of ${what} is ${sha256}, and that of the file is ${this.#file.sha256}`,
    );
  }
}

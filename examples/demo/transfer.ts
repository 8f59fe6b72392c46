import type { PoolConnection } from "@npws/pool";
import { createHash } from "node:crypto";
import type { SourceFile } from "./source_file.ts";

/** The part of the file that a transfer needs. */
type File = Pick<SourceFile, "bytes" | "sha256" | "chunks">;

/** The part of a connection that a transfer needs. */
type Connection = Pick<PoolConnection, "id" | "readable" | "writable" | "abort" | typeof Symbol.asyncDispose>;

/** Resolves with the SHA-256 of everything that arrived at the other end of a connection, which sends it all back. */
type Arrived = (id: string) => Promise<string>;

/** One round trip of the file over one connection; its members tell how far it is. */
export class Transfer {
  /** Counts from 1. */
  readonly number: number;
  /** How long it took to get the connection, in milliseconds. */
  gotInMs = 0;
  sentBytes = 0;
  returnedBytes = 0;
  /** From the start of the round trip until everything was sent. */
  sentInMs = 0;
  /** From the start of the round trip until everything was back. */
  returnedInMs = 0;
  isVerified = false;
  readonly #file: File;
  readonly #signal: AbortSignal;
  #connection: Connection | undefined;
  #startedAt = 0;

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

  /** How long the round trip has taken so far, or took, in milliseconds. */
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
  async run(arrived: Arrived): Promise<void> {
    this.#startedAt = performance.now();
    await using connection = this.#connection!;
    const [returnedHash, arrivedHash] = await Promise.all([
      this.#receive(connection),
      arrived(connection.id),
      this.#send(connection),
    ]);
    this.#verify("what arrived at the server", arrivedHash);
    this.#verify("what came back", returnedHash);
    this.isVerified = true;
  }

  async #send({ writable }: Connection): Promise<void> {
    const writer = writable.getWriter();
    for await (const chunk of this.#file.chunks()) {
      await writer.write(chunk); // resolves when flow control has accepted the bytes; the chunk may then be reused
      this.sentBytes += chunk.byteLength;
    }
    await writer.close(); // ends this direction only
    this.sentInMs = performance.now() - this.#startedAt;
  }

  /** Resolves with the SHA-256 of what came back. */
  async #receive({ readable }: Connection): Promise<string> {
    const hash = createHash("sha256");
    for await (const chunk of readable) {
      hash.update(chunk);
      this.returnedBytes += chunk.byteLength;
    }
    this.returnedInMs = performance.now() - this.#startedAt;
    return hash.digest("hex");
  }

  #verify(what: string, sha256: string): void {
    if (sha256 === this.#file.sha256) return;
    throw new Error(
      `Cannot verify connection ${this.number} (${this.id}): ` +
        `the SHA-256 of ${what} is ${sha256}, but that of the file is ${this.#file.sha256}`,
    );
  }
}

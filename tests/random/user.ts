import { assert, assertEquals } from "@std/assert";
import type { PoolConnection } from "../../src/connection.ts";
import type { Faults } from "./faults.ts";

/** What every direction carries: the byte at an offset is told by the offset and the direction. */
const PERIOD = 251;
const PATTERN = Uint8Array.from({ length: 2 ** 19 }, (_, offset) => offset % PERIOD);

/**
 * Somebody who holds one end of a stream: writes what both know, checks each byte that comes, and remembers how either
 * direction ended.
 */
export class User {
  readonly connection: PoolConnection;
  readonly #faults: Faults;
  readonly #isServer: boolean;
  readonly #writer: WritableStreamDefaultWriter<Uint8Array>;
  readonly #reader: ReadableStreamDefaultReader<Uint8Array>;
  /** Bytes given to `write`. */
  #written = 0;
  #read = 0;
  #isReading = false;
  #isInsatiable = false;
  /** How reading ended, as the stream told it: at the peer's end, or with an error. */
  #readingEnded: "end" | "error" | undefined;
  /** This user wants no more to read, or gave the stream up. */
  #hasCancelled = false;
  #closedAt: number | undefined;
  #isSettled = false;

  constructor(connection: PoolConnection, isServer: boolean, faults: Faults) {
    this.connection = connection;
    this.#faults = faults;
    this.#isServer = isServer;
    this.#writer = connection.writable.getWriter();
    this.#reader = connection.readable.getReader();
    this.#writer.closed.catch(ignore);
    this.#reader.closed.catch(ignore);
    connection.closed.catch(ignore).then(() => this.#isSettled = true);
  }

  /** Whether `connection.closed` is settled. */
  get isSettled(): boolean {
    return this.#isSettled;
  }

  /** What the peer is to read before the end. */
  get sent(): number {
    return this.#closedAt ?? this.#written;
  }

  write(length: number): void {
    if (this.#closedAt !== undefined) return;
    const from = (this.#written + this.#salt(this.#isServer)) % PERIOD;
    this.#written += length;
    this.#writer.write(PATTERN.slice(from, from + length)).catch(ignore);
  }

  /** Reads what is there, or what comes next. */
  read(): void {
    if (this.#isReading || this.#readingEnded || this.#hasCancelled) return;
    this.#isReading = true;
    this.#reader.read().then(
      (result) => this.#faults.catch(() => this.#wasRead(result)),
      () => this.#readingEnded = "error",
    );
  }

  /** Reads to the end. */
  readAll(): void {
    this.#isInsatiable = true;
    this.read();
  }

  /** Ends writing behind what was written, without waiting. */
  end(): void {
    this.#closedAt ??= this.#written;
    this.#writer.close().catch(ignore);
  }

  cancel(): void {
    this.#hasCancelled = true;
    this.#reader.cancel("enough").catch(ignore);
  }

  abort(): void {
    this.#hasCancelled = true;
    this.connection.abort("given up");
  }

  close(): Promise<void> {
    this.#hasCancelled = true;
    this.#closedAt ??= this.#written;
    return this.connection.close();
  }

  /** What this end has read to its end is all that the peer wrote before it ended. */
  checkAgainst(peer: User | undefined): void {
    if (this.#readingEnded !== "end" || this.#hasCancelled || this.#closedAt !== undefined) return;
    assertEquals(this.#read, peer?.sent ?? 0, "a stream was cut off and looks complete");
  }

  #wasRead({ done, value }: ReadableStreamReadResult<Uint8Array>): void {
    this.#isReading = false;
    if (done) return void (this.#readingEnded = "end");
    this.#check(value);
    if (this.#isInsatiable) this.read();
  }

  #check(chunk: Uint8Array): void {
    const from = (this.#read + this.#salt(!this.#isServer)) % PERIOD;
    this.#read += chunk.byteLength;
    assert(chunk.every((byte, index) => byte === PATTERN[from + index]), "bytes came in a wrong order");
  }

  /** What tells the directions of the links apart. */
  #salt(isServer: boolean): number {
    return parseInt(this.connection.id, 16) % 97 + (isServer ? 97 : 0);
  }
}

/** What breaks an end is told by `closed`, and looked at there. */
function ignore(): void {}

import { assert, assertEquals } from "@std/assert";
import type { PoolConnection } from "../../src/connection/connection.ts";
import type { Faults } from "./faults.ts";

/** The content of every direction: a byte follows from its offset and from the direction. */
const PERIOD = 251;
const PATTERN = Uint8Array.from({ length: 2 ** 19 }, (_, offset) => offset % PERIOD);

/**
 * The holder of one end of a stream: it writes content that both ends know, checks each byte that arrives, and remembers how
 * either direction ended.
 */
export class User {
  readonly connection: PoolConnection;
  readonly #salts: { readonly own: number; readonly peer: number };
  readonly #faults: Faults;
  readonly #writer: WritableStreamDefaultWriter<Uint8Array>;
  readonly #reader: ReadableStreamDefaultReader<Uint8Array>;
  /** Bytes given to `write`. */
  #written = 0;
  #read = 0;
  #isReading = false;
  #isInsatiable = false;
  /** How reading ended: at the peer's end, or with an error. */
  #readingEnded: "end" | "error" | undefined;
  /** Whether this user cancelled reading or gave the stream up. */
  #hasCancelled = false;
  /** How many bytes were written when this user ended writing. */
  #endedAt: number | undefined;
  #isSettled = false;
  #isVoid = false;

  /** `name` is the stream's name, which is the same at both ends. */
  constructor(connection: PoolConnection, name: string, isServer: boolean, faults: Faults) {
    this.connection = connection;
    this.#faults = faults;
    const salt = parseInt(name.slice(-6), 16) % 97;
    this.#salts = isServer ? { own: salt + 97, peer: salt } : { own: salt, peer: salt + 97 };
    this.#writer = connection.writable.getWriter();
    this.#reader = connection.readable.getReader();
    this.#writer.closed.catch(ignore);
    this.#reader.closed.catch(ignore);
    connection.closed.catch(ignore).then(() => this.#isSettled = true);
    connection.opened.catch(() => this.#isVoid = true);
  }

  /** Whether `connection.closed` is settled. */
  get isSettled(): boolean {
    return this.#isSettled;
  }

  /** Whether it was an early start that failed: the link may have been the other side's. */
  get isVoid(): boolean {
    return this.#isVoid;
  }

  /** Whether any bytes have arrived. */
  get hasRead(): boolean {
    return this.#read > 0;
  }

  /** How many bytes the peer is to read before the end. */
  get sent(): number {
    return this.#endedAt ?? this.#written;
  }

  write(length: number): void {
    if (this.#endedAt !== undefined) return;
    const from = (this.#written + this.#salts.own) % PERIOD;
    this.#written += length;
    this.#writer.write(PATTERN.slice(from, from + length)).catch(ignore);
  }

  /** Reads what is there, or else what arrives next. */
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

  /** Ends writing after what was written, without waiting. */
  end(): void {
    this.#endedAt ??= this.#written;
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
    this.#endedAt ??= this.#written;
    return this.connection.close();
  }

  /** Asserts that, if reading reached the end, it got everything that a user of the other end wrote before ending. */
  checkAgainst(peers: readonly User[]): void {
    if (this.#readingEnded !== "end" || this.#hasCancelled) return;
    const { id, protocol } = this.connection;
    // On npws/1, ending writing ends the whole link.
    if (protocol === 1 && this.#endedAt !== undefined) return;
    const sent = peers.length > 0 ? peers.map((peer) => peer.sent) : [0];
    assert(sent.includes(this.#read), `stream ${id} looks complete with ${this.#read} bytes, and ${sent} were sent`);
  }

  #wasRead({ done, value }: ReadableStreamReadResult<Uint8Array>): void {
    this.#isReading = false;
    if (done) return void (this.#readingEnded = "end");
    this.#check(value);
    if (this.#isInsatiable) this.read();
  }

  #check(chunk: Uint8Array): void {
    const from = (this.#read + this.#salts.peer) % PERIOD;
    this.#read += chunk.byteLength;
    const wrong = chunk.findIndex((byte, index) => byte !== PATTERN[from + index]);
    assertEquals(wrong, -1, `a wrong byte came on stream ${this.connection.id}, among the first ${this.#read}`);
  }
}

/** Errors that break an end are checked through `closed` instead. */
function ignore(): void {}

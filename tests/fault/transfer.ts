import type { PoolConnection } from "@npws/pool";
import { Dice } from "../random/dice.ts";
import { hashOf, Numbered } from "./numbered.ts";

/** An end of a stream. */
export type Side = "opener" | "acceptor";

/** The planned content of a stream, known to both ends. */
export interface TransferPlan {
  /** The name of the stream: it identifies the stream's two ends and determines its bytes. */
  name: string;
  /** How many bytes each end sends; null for an endless stream. */
  opener: number | null;
  acceptor: number | null;
  /** Set if one end gives up before the stream is complete. */
  giveUp?: GiveUp;
}

/**
 * How an end gives up, after it has sent (`cancel`: received) `afterBytes` bytes, fewer than planned: it aborts the connection,
 * aborts its writable, or cancels its readable.
 */
export interface GiveUp {
  by: Side;
  how: "abort" | "abort writing" | "cancel";
  afterBytes: number;
}

/** How one direction ended, as seen by one end: completed, given up by this end, or broken. */
export interface Half {
  bytes: number;
  end: "clean" | "given up" | "broken";
  /** The error that broke it. */
  error?: string;
}

/** How a stream ended, as seen by one end. */
export interface Outcome {
  plan: TransferPlan;
  side: Side;
  sent: Half;
  received: Half;
  /** A violation that no fault can justify. */
  wrong?: string;
}

/** The largest write, in bytes; many writes are small. */
const LONGEST_BYTES = 65_536;

/** One end's part of a stream. */
export class Transfer {
  /** Resolves when both directions have ended, and never rejects. */
  readonly outcome: Promise<Outcome>;
  readonly #connection: PoolConnection;
  readonly #plan: TransferPlan;
  readonly #side: Side;
  readonly #giveUp: GiveUp | undefined;
  #sentBytes = 0;
  #receivedBytes = 0;
  #hasGivenUp = false;
  #wrong: string | undefined;

  constructor(connection: PoolConnection, plan: TransferPlan, side: Side) {
    this.#connection = connection;
    this.#plan = plan;
    this.#side = side;
    this.#giveUp = plan.giveUp?.by === side ? plan.giveUp : undefined;
    this.outcome = this.#run();
  }

  /** How many bytes have arrived. */
  get receivedBytes(): number {
    return this.#receivedBytes;
  }

  /** Identifies the stream and the end, and describes the progress. */
  describe(): string {
    const { protocol } = this.#connection;
    const { name } = this.#plan;
    return `${this.#side} of stream ${name} (npws/${protocol}, ${this.#sentBytes} sent, ${this.#receivedBytes} received)`;
  }

  /** Whether this end receives an endless stream. */
  get isEndless(): boolean {
    return this.#plan[this.#other] === null;
  }

  /** Gives up both directions. */
  abort(): void {
    this.#hasGivenUp = true;
    this.#connection.abort("given up");
  }

  async #run(): Promise<Outcome> {
    const [sent, received] = await Promise.all([this.#send(), this.#receive()]);
    await this.#connection.closed.catch(() => {}); // the two directions report what broke
    return { plan: this.#plan, side: this.#side, sent, received, wrong: this.#wrong };
  }

  async #send(): Promise<Half> {
    const writer = this.#connection.writable.getWriter();
    try {
      const isSeenThrough = await this.#write(writer);
      return { bytes: this.#sentBytes, end: isSeenThrough ? "clean" : "given up" };
    } catch {
      // Closing a broken writable rejects with a TypeError that does not say what broke it.
      return this.#broken(this.#sentBytes, await writer.closed.catch((error) => error));
    }
  }

  /** Returns false if it was given up. */
  async #write(writer: WritableStreamDefaultWriter<Uint8Array>): Promise<boolean> {
    const isGivenUp = this.#giveUp !== undefined && this.#giveUp.how !== "cancel";
    const length = isGivenUp ? this.#giveUp!.afterBytes : this.#plan[this.#side] ?? Infinity;
    const content = new Numbered(`${this.#plan.name} ${this.#side}`);
    const dice = new Dice(hashOf(`sizes of ${this.#plan.name} ${this.#side}`));
    while (this.#sentBytes < length) {
      const size = dice.chance(0.3) ? dice.between(1, 100) : dice.between(1, LONGEST_BYTES);
      const chunk = content.at(this.#sentBytes, Math.min(size, length - this.#sentBytes));
      await writer.write(chunk);
      this.#sentBytes += chunk.byteLength;
    }
    if (isGivenUp) {
      if (this.#giveUp!.how === "abort") this.abort();
      else await writer.abort("given up");
      return false;
    }
    // On npws/1, ending either direction ends the whole stream, so an end that has nothing to send waits for the other end.
    if (this.#connection.protocol === 2 || length > 0) await writer.close();
    return true;
  }

  async #receive(): Promise<Half> {
    const reader = this.#connection.readable.getReader();
    try {
      const isSeenThrough = await this.#read(reader);
      if (isSeenThrough) this.#checkEnd();
      return { bytes: this.#receivedBytes, end: isSeenThrough ? "clean" : "given up" };
    } catch (error) {
      return this.#broken(this.#receivedBytes, error);
    } finally {
      if (this.#connection.protocol === 1) this.#connection.close();
    }
  }

  /** Returns false if it was given up. */
  async #read(reader: ReadableStreamDefaultReader<Uint8Array>): Promise<boolean> {
    const content = new Numbered(`${this.#plan.name} ${this.#other}`);
    for (;;) {
      const { value, done } = await reader.read();
      if (done) return true;
      const wrongAt = content.firstWrong(this.#receivedBytes, value);
      if (wrongAt !== undefined) this.#foundWrong(`byte ${wrongAt} is not the one that was sent`);
      this.#receivedBytes += value.byteLength;
      if (this.#giveUp?.how === "cancel" && this.#receivedBytes >= this.#giveUp.afterBytes) {
        await reader.cancel("enough");
        return false;
      }
    }
  }

  /** Checks that a gracefully ended direction delivered all its bytes, and that its sender did not give up. */
  #checkEnd(): void {
    const { giveUp, [this.#other]: length } = this.#plan;
    // On npws/1 nobody is notified when a link is taken: the side that sees it idle may close it, as long as it has not been
    // fetched.
    if (this.#connection.protocol === 1 && this.#receivedBytes === 0) return;
    if (this.#receivedBytes !== length) {
      this.#foundWrong(`it looks complete with ${this.#receivedBytes} bytes, and ${length ?? "endless"} were to come`);
    }
    if (giveUp?.by === this.#other && giveUp.how !== "cancel") this.#foundWrong("it looks complete, and was given up");
  }

  #foundWrong(what: string): void {
    this.#wrong ??= `stream ${this.#plan.name}, read by its ${this.#side}: ${what}`;
  }

  #broken(bytes: number, error: unknown): Half {
    if (this.#hasGivenUp) return { bytes, end: "given up" };
    return { bytes, end: "broken", error: error instanceof Error ? `${error.name}: ${error.message}` : String(error) };
  }

  get #other(): Side {
    return this.#side === "opener" ? "acceptor" : "opener";
  }
}

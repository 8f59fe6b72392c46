import { type Abortable, AbortWatch } from "../abort_watch.ts";
import { releaseOf } from "../memory/release_memory.ts";
import type { EndEvents, HeldEnd } from "./held_end.ts";

/** Each end must be over, and each direction must have passed on its end. */
const PARTS = 4;

/**
 * How many bytes a relay has moved.
 *
 * @example
 * ```ts
 * import type { RelayResult } from "@npws/pool/relay";
 *
 * /** A line for a log. *\/
 * export function moved({ aToB, bToA }: RelayResult): string {
 *   return `${aToB} bytes in, ${bToA} bytes out`;
 * }
 * ```
 */
export interface RelayResult {
  /** From the first end to the second. */
  readonly aToB: number;
  /** From the second end to the first. */
  readonly bToA: number;
}

/** Two ends, joined until both directions have ended or one has failed. It gives up and releases the ends by itself. */
export class Joint implements Abortable {
  /**
   * Resolves when everything has moved and ended. Rejects once both ends are given up, with the first error or, if an end cannot
   * be given up, with what it throws.
   */
  readonly over: Promise<RelayResult>;
  #settle!: (result: RelayResult | Promise<never>) => void;
  readonly #a: HeldEnd;
  readonly #b: HeldEnd;
  readonly #aToB: Way;
  readonly #bToA: Way;
  readonly #signal: AbortSignal | undefined;
  #abortWatch: AbortWatch | undefined;
  #partsLeft = PARTS;
  #isOver = false;

  /** @param signal Fails the relay with its reason. */
  constructor(a: HeldEnd, b: HeldEnd, signal?: AbortSignal) {
    this.over = new Promise((resolve) => this.#settle = resolve);
    this.#a = a;
    this.#b = b;
    this.#signal = signal;
    this.#aToB = new Way(this, a, b);
    this.#bToA = new Way(this, b, a);
    this.#aToB.opposite = this.#bToA;
    this.#bToA.opposite = this.#aToB;
  }

  /** Starts to move what comes from either end. */
  begin(): void {
    const signal = this.#signal;
    if (signal?.aborted) return this.aborted(signal.reason);
    if (signal) this.#abortWatch = new AbortWatch(signal, this);
    try {
      this.#a.begin(this.#aToB);
      this.#b.begin(this.#bToA);
      this.#aToB.begin();
      this.#bToA.begin();
    } catch (error) {
      this.fail(error);
    }
  }

  /** Whether nothing more is to be moved. */
  get isOver(): boolean {
    return this.#isOver;
  }

  /** Fails the relay: nothing more is moved. */
  fail(error: unknown): void {
    if (this.#isOver) return;
    this.#end();
    this.#settle(this.#abandon(error));
  }

  /** The signal has aborted. */
  aborted(reason: unknown): void {
    this.fail(reason);
  }

  /** One of the parts has ended cleanly. */
  partOver(): void {
    if (--this.#partsLeft > 0 || this.#isOver) return;
    this.#end();
    this.#settle({ aToB: this.#aToB.moved, bToA: this.#bToA.moved });
    this.#release();
  }

  #end(): void {
    this.#isOver = true;
    this.#abortWatch?.end();
  }

  async #abandon(error: unknown): Promise<never> {
    await undefined; // an end may be in the middle of something
    try {
      this.#a.abort(error);
    } finally {
      this.#abandonSecond(error);
    }
    throw error;
  }

  #abandonSecond(error: unknown): void {
    try {
      this.#b.abort(error);
    } finally {
      this.#release();
    }
  }

  #release(): void {
    this.#a.release();
    this.#b.release();
  }
}

/**
 * One direction: moves what comes from one end to the other, and receives the events of the end that it comes from. Closures for
 * each end would be a cost for every connection of a tunnel.
 */
class Way implements EndEvents {
  opposite!: Way;
  /** How many bytes were moved. */
  moved = 0;
  readonly #joint: Joint;
  readonly #from: HeldEnd;
  readonly #to: HeldEnd;
  /** Bytes are being moved, or the ends have not both begun. */
  #isPumping = true;
  /** An event has arrived since the last read: reading and writing may themselves cause some. */
  #hasNews = false;
  /** Nothing more is moved: the end has been reached, or the other end refuses what comes. */
  #isClosed = false;

  constructor(joint: Joint, from: HeldEnd, to: HeldEnd) {
    this.#joint = joint;
    this.#from = from;
    this.#to = to;
  }

  /** Both ends have begun. */
  begin(): void {
    this.#isPumping = false;
    this.pump();
  }

  readable(): void {
    this.pump();
  }

  writable(): void {
    this.opposite.pump();
  }

  failed(error: unknown): void {
    this.#joint.fail(error);
  }

  over(): void {
    this.#joint.partOver();
  }

  /** Moves what is available, as long as there is room. */
  pump(): void {
    this.#hasNews = true;
    if (this.#isPumping) return;
    this.#isPumping = true;
    try {
      while (!this.#joint.isOver && !this.#isClosed && this.#to.hasRoom && this.#moveNext());
    } catch (error) {
      this.#joint.fail(error);
    }
    this.#isPumping = false;
  }

  /** Returns false if there is nothing more to move, now or ever. */
  #moveNext(): boolean {
    this.#hasNews = false;
    const bytes = this.#from.read();
    if (this.#joint.isOver) return false; // reading may reveal that a connection is lost
    if (bytes) this.#move(bytes);
    else if (this.#hasNews) return true;
    else if (this.#from.isAtEnd) this.#end();
    else return false;
    return true;
  }

  #move(bytes: Uint8Array): void {
    if (this.#to.failIfPeerClosed?.()) {
      this.#isClosed = true;
      this.#from.allMoved?.(); // all that can be
      return;
    }
    this.moved += bytes.byteLength;
    this.#to.write(bytes, this.#from.ownsLastRead ? releaseOf(bytes) : undefined);
  }

  #end(): void {
    this.#isClosed = true;
    this.#to.end(() => {
      this.#from.allMoved?.();
      this.#joint.partOver();
    });
  }
}

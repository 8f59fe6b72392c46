import type { Link, LinkState } from "../link/link.ts";
import { CloseCode } from "../runtime/rfc6455/close_code.ts";
import type { Clock, Timer } from "../time/clock.ts";
import { DeadlineQueue } from "../time/deadline_queue.ts";

/** How often all links are looked at, at most, in milliseconds. */
const SWEEP_MS = 1_000;

/**
 * How long the peer may take to end a stream that nobody of this side wants or uses, in milliseconds; its link is dropped then. An
 * honest one answers at once, behind all that is on the way in both directions: a window each, which may be a slow one.
 */
const END_TIMEOUT_MS = 30_000;

/** After how much of it the peer is late. */
const LATE_MS = 1_000;

/** How long the peer may take to answer a take, in milliseconds; its link is dropped then (docs/wire.md section 2.3). */
const PROBE_TIMEOUT_MS = 1_000;

/** A timer that is late by more shows that this process stood still, in milliseconds. */
const STALL_MS = 100;

/** Every link of a pool that is not closed, and the timers that look after them all. */
export class LinkSet implements Iterable<Link> {
  readonly #clock: Clock;
  readonly #sweepMs: number;
  readonly #swept: (link: Link, now: number) => void;
  readonly #links = new Set<Link>();
  /** Links whose take the peer has not answered. */
  readonly #probes: DeadlineQueue<Link>;
  /** Links whose streams this side has ended or given up, and the peer has not. */
  readonly #ending: DeadlineQueue<Link>;
  /** Those whose peer is late. */
  readonly #late: DeadlineQueue<Link>;
  #closing = 0;
  #npws2 = 0;
  #sweepTimer: Timer | undefined;
  #nextSweepAt = 0;

  /** `swept` is called for each link about every `sweepMs`, and every second at least. */
  constructor(clock: Clock, sweepMs: number, swept: (link: Link, now: number) => void) {
    this.#clock = clock;
    this.#sweepMs = Math.min(SWEEP_MS, sweepMs);
    this.#swept = swept;
    this.#probes = this.#deadlines(PROBE_TIMEOUT_MS, (link) => link.terminate());
    this.#ending = new DeadlineQueue(clock, LATE_MS, (link) => this.#late.add(link));
    this.#late = this.#deadlines(END_TIMEOUT_MS - LATE_MS, (link) => this.#didNotEnd(link));
  }

  /** All links, those that are closing too. */
  get size(): number {
    return this.#links.size;
  }

  /** Links that this side has closed and whose sockets are not gone yet. */
  get closing(): number {
    return this.#closing;
  }

  /** Links whose stream nobody of this side uses any more, and whose peer is late to end it. */
  get late(): number {
    return this.#late.size;
  }

  /** Whether there are links and none of them speaks npws/2. */
  get isNpws1Only(): boolean {
    return this.#links.size > 0 && this.#npws2 === 0;
  }

  /** Whether one of the links is of a client with this name. */
  hasPeer(name: string): boolean {
    return this.#links.values().some(({ peer }) => peer === name);
  }

  add(link: Link): void {
    this.#links.add(link);
    if (link.protocol === 2) this.#npws2++;
    if (!this.#sweepTimer) this.#scheduleSweep();
  }

  /** The peer was asked to confirm a take. */
  probing(link: Link): void {
    this.#probes.add(link);
  }

  /** It has answered. */
  probed(link: Link): void {
    this.#probes.delete(link);
  }

  /** The peer has a while to end the link's stream, which nobody of this side wants. */
  givenUp(link: Link): void {
    this.#ending.add(link);
  }

  /** Keeps count of a link's state. */
  changed(link: Link, before: LinkState): void {
    if (before === "inUse" || before === "done") this.#ending.delete(link) || this.#late.delete(link);
    if (link.state === "done") this.#ending.add(link);
    if (link.state === "closing") this.#closing++;
    if (link.state !== "closed" || !this.#links.delete(link)) return;
    if (before === "closing") this.#closing--;
    if (link.protocol === 2) this.#npws2--;
  }

  /**
   * Closes every link that is here now. Those that carry a stream may end it within so many milliseconds, and break with the
   * error then. Resolves when all are closed.
   */
  async drain(ms: number, error: Error): Promise<void> {
    for (const link of this.#links) if (!link.isHeld) link.close(CloseCode.normal, "pool closed");
    await this.#closedWithin(ms);
    for (const link of this.#links) {
      if (link.state === "inUse") link.abort(error);
      else link.close(CloseCode.normal, "pool closed");
    }
    await this.#allClosed();
  }

  async #allClosed(): Promise<void> {
    await Promise.all(Array.from(this.#links, (link) => link.closed));
  }

  #closedWithin(ms: number): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    const timer = this.#clock.setTimeout(resolve, ms);
    this.#allClosed().then(() => {
      this.#clock.clearTimeout(timer);
      resolve();
    });
    return promise;
  }

  /** Stops the timers. */
  stop(): void {
    this.#probes.clear();
    this.#ending.clear();
    this.#late.clear();
    this.#clock.clearTimeout(this.#sweepTimer);
    this.#sweepTimer = undefined;
  }

  [Symbol.iterator](): Iterator<Link> {
    return this.#links.values();
  }

  /**
   * What the peer has to do in time, else its link is dropped. Where this process stood still it gets the time once more: the answers
   * are in the sockets, unread, or the question has not left.
   */
  #deadlines(ms: number, expired: (link: Link) => void): DeadlineQueue<Link> {
    const queue: DeadlineQueue<Link> = new DeadlineQueue(this.#clock, ms, (link, lateMs) => {
      if (lateMs > STALL_MS) queue.add(link);
      else expired(link);
    });
    return queue;
  }

  #didNotEnd(link: Link): void {
    if (link.retireWhenDone()) this.#late.add(link);
    else link.terminate();
  }

  #scheduleSweep(): void {
    this.#nextSweepAt = this.#clock.now() + this.#sweepMs;
    this.#sweepTimer = this.#clock.setTimeout(() => this.#sweep(), this.#sweepMs);
  }

  #sweep(): void {
    const now = this.#clock.now();
    // A process that was stopped finds every link silent, and the answers in its sockets unread: it looks again later.
    const wasStopped = now - this.#nextSweepAt > this.#sweepMs;
    this.#sweepTimer = undefined;
    if (!wasStopped) { for (const link of this.#links) this.#swept(link, now); }
    if (this.#links.size > 0) this.#scheduleSweep();
  }
}

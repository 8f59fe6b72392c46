import type { Link, LinkState } from "../link/link.ts";
import { CloseCode } from "../runtime/rfc6455/close_code.ts";
import type { Clock, Timer } from "../time/clock.ts";
import { DeadlineQueue } from "../time/deadline_queue.ts";

/** The longest interval between two sweeps over all links, in milliseconds. */
const SWEEP_MS = 1_000;

/**
 * How long the peer may take to end a stream that nobody on this side wants or uses, in milliseconds; its link is dropped after
 * that. A well-behaved peer answers at once, but the answer queues behind everything in flight: up to a window in each
 * direction, possibly over a slow path.
 */
const END_TIMEOUT_MS = 30_000;

/** How far into that time the peer counts as late, in milliseconds. */
const LATE_MS = 1_000;

/** How long the peer may take to answer a take, in milliseconds; its link is dropped after that (docs/wire.md section 2.3). */
const PROBE_TIMEOUT_MS = 1_000;

/** A timer that is later than this shows that the process was stalled, in milliseconds. */
const STALL_MS = 100;

/** All links of a pool that are not closed, and the timers that watch over them. */
export class LinkSet implements Iterable<Link> {
  readonly #clock: Clock;
  readonly #sweepMs: number;
  readonly #swept: (link: Link, now: number) => void;
  readonly #links = new Set<Link>();
  /** How many links each named client has. */
  readonly #byPeer = new Map<string, number>();
  /** Links whose take the peer has not answered. */
  readonly #probes: DeadlineQueue<Link>;
  /** Links whose stream this side has ended or given up, but the peer has not. */
  readonly #ending: DeadlineQueue<Link>;
  /** Likewise, once the peer is late. */
  readonly #late: DeadlineQueue<Link>;
  #closing = 0;
  #npws2 = 0;
  #sweepTimer: Timer | undefined;
  #nextSweepAt = 0;

  /** `swept` is called for each link about every `sweepMs`, and at least once a second. */
  constructor(clock: Clock, sweepMs: number, swept: (link: Link, now: number) => void) {
    this.#clock = clock;
    this.#sweepMs = Math.min(SWEEP_MS, sweepMs);
    this.#swept = swept;
    this.#probes = this.#deadlines(PROBE_TIMEOUT_MS, (link) => link.terminate());
    this.#ending = new DeadlineQueue(clock, LATE_MS, (link) => this.#late.add(link));
    this.#late = this.#deadlines(END_TIMEOUT_MS - LATE_MS, (link) => this.#didNotEnd(link));
  }

  /** All links, including those that are closing. */
  get size(): number {
    return this.#links.size;
  }

  /** Links that this side has closed but whose sockets are not closed yet. */
  get closing(): number {
    return this.#closing;
  }

  /** Links whose stream nobody on this side uses any more, and whose peer is late to end it. */
  get late(): number {
    return this.#late.size;
  }

  /** Whether there are links and none of them speaks npws/2. */
  get isNpws1Only(): boolean {
    return this.#links.size > 0 && this.#npws2 === 0;
  }

  /** Whether any of the links belongs to a client with this name. */
  hasPeer(name: string): boolean {
    return this.#byPeer.has(name);
  }

  add(link: Link): void {
    this.#links.add(link);
    if (link.protocol === 2) this.#npws2++;
    if (link.peer !== undefined) this.#byPeer.set(link.peer, (this.#byPeer.get(link.peer) ?? 0) + 1);
    if (!this.#sweepTimer) this.#scheduleSweep();
  }

  /** The peer was asked to confirm a take. */
  probing(link: Link): void {
    this.#probes.add(link);
  }

  /** The peer has answered a take. */
  probed(link: Link): void {
    this.#probes.delete(link);
  }

  /** Gives the peer some time to end the link's stream, which nobody on this side wants. */
  givenUp(link: Link): void {
    this.#ending.add(link);
  }

  /** Keeps track of a link's change of state. */
  changed(link: Link, before: LinkState): void {
    if (before === "inUse" || before === "done") this.#ending.delete(link) || this.#late.delete(link);
    if (link.state === "done") this.#ending.add(link);
    if (link.state === "closing") this.#closing++;
    if (link.state !== "closed" || !this.#links.delete(link)) return;
    if (before === "closing") this.#closing--;
    if (link.protocol === 2) this.#npws2--;
    if (link.peer !== undefined) this.#peerLeft(link.peer);
  }

  /** Begins to close the links whose peers are late, which takes nothing from those that only read slowly. */
  retireLate(): void {
    for (const link of this.#late) link.retireWhenDone();
  }

  /**
   * Closes every link that exists now. Those that carry a stream may end it within `ms` milliseconds, and are then aborted with
   * the error. Resolves when all are closed.
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
   * Deadlines that the peer must meet, or else its link is dropped. If this process was stalled, the peer gets the full time
   * again: its answers may be waiting in the sockets unread, or the question may not have been sent yet.
   */
  #deadlines(ms: number, expired: (link: Link) => void): DeadlineQueue<Link> {
    const queue: DeadlineQueue<Link> = new DeadlineQueue(this.#clock, ms, (link, lateMs) => {
      if (lateMs > STALL_MS) queue.add(link);
      else expired(link);
    });
    return queue;
  }

  #peerLeft(name: string): void {
    const left = this.#byPeer.get(name)! - 1;
    if (left > 0) this.#byPeer.set(name, left);
    else this.#byPeer.delete(name);
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
    // After this process was stopped, every link looks silent while the answers wait in its socket unread: check again later.
    const wasStopped = now - this.#nextSweepAt > this.#sweepMs;
    this.#sweepTimer = undefined;
    if (!wasStopped) { for (const link of this.#links) this.#swept(link, now); }
    if (this.#links.size > 0) this.#scheduleSweep();
  }
}

import { inParentheses, messageOf, withoutQuery } from "../describe.ts";
import { type Environment, systemEnvironment } from "../environment.ts";
import { PoolError } from "../errors.ts";
import { clientHandshake } from "../link/handshake.ts";
import type { Link, LinkState } from "../link/link.ts";
import { type ClientPoolOptions, type ClientSettings, clientSettings } from "../options/client_options.ts";
import { isOrderly, isViolation } from "../runtime/rfc6455/close_code.ts";
import type { Dialer, DialOptions } from "../runtime/runtime.ts";
import { Attempts } from "../time/attempts.ts";
import type { Timer } from "../time/clock.ts";
import { DeadlineQueue } from "../time/deadline_queue.ts";
import { Pool } from "./pool.ts";
import { Refill } from "./refill.ts";
import { jitteredAge, nextCapacity, nextInterval } from "./sizing.ts";

/**
 * A link that is lost sooner than this after it was opened counts as a failed dial: a server that drops every link is not
 * dialed in a tight loop.
 */
const SETTLED_AFTER_MS = 1_000;

/** How long a link of npws/2 is expected back from its stream before another one takes its place, in milliseconds. */
const RETURN_MS = 100;

/** How long a server's demand holds, in milliseconds; it repeats it every second (docs/wire.md section 2.9). */
const DEMAND_MS = 2_000;

/**
 * The side that dials: it keeps a number of idle links open to one server, and refills, resizes and retires them by itself
 * (npws `ClientPool`).
 *
 * @example
 * ```ts
 * import { ClientPool, ServerPool } from "@npws/pool";
 *
 * await using server = new ServerPool({ hostname: "127.0.0.1" });
 * await server.start();
 * await using client = new ClientPool({ url: `ws://127.0.0.1:${server.address.port}`, minCapacity: 2 });
 * await client.start();
 *
 * const [ours, theirs] = await Promise.all([client.open(), server.accept()]);
 * const writer = ours.writable.getWriter();
 * await writer.write(new TextEncoder().encode("hello"));
 * await writer.close();
 * console.log(await new Response(theirs.readable).text()); // hello
 * await Promise.all([ours.close(), theirs.close()]);
 * ```
 */
export class ClientPool extends Pool {
  readonly #settings: ClientSettings;
  readonly #environment: Environment;
  readonly #dialer: Dialer;
  readonly #refill: Refill;
  readonly #firstLink = Promise.withResolvers<void>();
  readonly #dials: Attempts;
  /** Dials whose link is not in the pool yet: each missing link is counted once, whenever the refill hears of the end of a dial. */
  #dialing = 0;
  /** Links of npws/2 that were taken a moment ago: streams one after another need no more links than at a time. */
  readonly #borrowed: DeadlineQueue<Link>;
  /** The fewest idle links since the last tick: what is above the target of these was not needed. */
  #fewestIdle = 0;
  #capacity: number;
  #intervalMs: number;
  #isRunning = false;
  #tickTimer: Timer | undefined;
  /** A cycle starts when this turn of the event loop ends: what many events ask for in one turn is one cycle. */
  #isCycleDue = false;
  /** How many links the server's application waits for, and since when; less by each that it took since. */
  #demand = { count: 0, at: -Infinity };

  /**
   * Checks the options; opens nothing before `start()`.
   *
   * @throws {TypeError | RangeError} An option is wrong; the message names it and the value.
   * @throws {NotSupportedError} This runtime cannot do what an option asks.
   */
  constructor(options: ClientPoolOptions);
  constructor(options: ClientPoolOptions, environment: Environment = systemEnvironment) {
    const settings = clientSettings(options);
    super(settings, environment);
    this.#settings = settings;
    this.#environment = environment;
    this.#capacity = settings.minCapacity;
    this.#intervalMs = settings.minIntervalMs;
    this.#dialer = environment.runtime.dialer(offering(settings));
    this.#dials = new Attempts(environment.clock);
    this.#borrowed = new DeadlineQueue(environment.clock, RETURN_MS, (link) => this.#notReturned(link));
    this.#refill = new Refill({
      clock: environment.clock,
      random: environment.random,
      dialConcurrency: settings.dialConcurrency,
      maxBackoffMs: settings.maxBackoffMs,
      missing: () => this.#missing,
      isAwaited: () => this.calls.waiting > 0 || this.#awaited > 0,
      dial: () => this.#dial(),
      cycleEnded: (started, succeeded) => this.#resize(this.#intervalMs, this.#capacityAfter(started, succeeded)),
      dialFailed: (error, attempt, retryInMs) => this.#dialFailed(error, attempt, retryInMs),
      recovered: () => this.#cycleSoon(),
    });
  }

  /** At least one link was opened, and the pool is not closed. */
  get isReady(): boolean {
    return this.counters.dialed > 0 && !this.isClosed;
  }

  /** The present target of idle links. */
  get capacity(): number {
    return this.#capacity;
  }

  /** The present creation interval in milliseconds. */
  get intervalMs(): number {
    return this.#intervalMs;
  }

  /**
   * The one peer is the server.
   *
   * @internal
   */
  protected get hasNamedPeers(): boolean {
    return false;
  }

  /** @internal */
  protected get dialing(): number {
    return this.#dialing;
  }

  /** @internal */
  protected begin(): Promise<void> {
    this.#isRunning = true;
    this.#tick();
    return this.#firstLink.promise;
  }

  /** @internal */
  protected async end(): Promise<void> {
    this.#isRunning = false;
    this.clock.clearTimeout(this.#tickTimer);
    this.#refill.stop();
    this.#borrowed.clear();
    const error = this.closedWhileStarting();
    this.#firstLink.reject(error);
    this.#firstLink.promise.catch(() => {}); // nobody may have called start()
    await this.#dials.end(error);
  }

  /** @internal */
  protected release(): void {
    this.#dialer.close();
  }

  /** @internal */
  protected callWaits(): void {
    this.#refill.hurry();
    this.#cycleSoon();
  }

  /** @internal */
  protected override linkMoved(link: Link, before: LinkState): void {
    if (before === "idle") this.#leftIdle(link);
    else if (link.state === "idle") this.#borrowed.delete(link);
    if (link.state === "closed") this.#closed(link);
  }

  /** @internal */
  protected isDueToRetire(link: Link): boolean {
    return this.clock.now() >= link.retireAt || link.streams >= this.#settings.maxStreamsPerLink;
  }

  /** @internal */
  protected override peerTook(): void {
    if (this.#demand.count > 0) this.#demand.count--;
  }

  /** @internal */
  protected override peerWaits(count: number): void {
    this.#demand = { count, at: this.clock.now() };
    if (count === 0) return;
    this.#refill.hurry();
    this.#cycleSoon();
  }

  /** A link was not back from its stream in time: another one takes its place. */
  #notReturned(link: Link): void {
    if (this.#isOvertaken) this.#borrowed.add(link); // and looks again
    else this.#cycleSoon();
  }

  #leftIdle(link: Link): void {
    this.#fewestIdle = Math.min(this.#fewestIdle, this.active);
    if (link.state === "closed" || !this.#isRunning) return;
    if (link.protocol === 2 && link.state !== "closing") this.#borrowed.add(link);
    else this.#cycleSoon();
  }

  #closed(link: Link): void {
    this.#borrowed.delete(link);
    const { code, reason, local } = link.end!;
    const isYoung = this.clock.now() - link.openedAt < SETTLED_AFTER_MS;
    const isFaulty = isYoung && !link.hasServed && !local;
    if (!isFaulty && !(local && isViolation(code))) return this.#cycleSoon();
    if (isOrderly(code) && this.#refill.isFailing) return; // a server that ends: the first of its links has told it
    const how = `closed with code ${code}${inParentheses(reason)}${isFaulty ? " as soon as it was open" : ""}`;
    this.#refill.failed(new PoolError(`Cannot keep link: ${how}`));
  }

  /** How many links should be idle: the capacity, or as many as calls of either side wait for, within the maximum. */
  get #target(): number {
    return Math.max(this.#capacity, this.#awaited);
  }

  /**
   * The server has taken more links than the application asks for, or does not give back those that it was asked for: a server gone
   * wrong, which would have the client dial for ever.
   */
  get #isOvertaken(): boolean {
    const { acceptBacklog, maxCapacity } = this.#settings;
    return this.calls.unfetched + this.links.late >= Math.max(acceptBacklog, maxCapacity);
  }

  /** How many links are still to be dialed. */
  get #missing(): number {
    if (this.#isOvertaken) return 0;
    return Math.max(this.#capacity - this.#borrowed.size, this.#awaited) - this.active - this.#dialing;
  }

  /** How many links calls wait for, here or at the server, within the maximum. */
  get #awaited(): number {
    const isDemanded = this.clock.now() - this.#demand.at < DEMAND_MS;
    return Math.min(
      this.#settings.maxCapacity,
      Math.max(this.calls.waitingForAny, isDemanded ? this.#demand.count : 0),
    );
  }

  #cycleSoon(): void {
    if (this.#isCycleDue || !this.#isRunning) return;
    this.#isCycleDue = true;
    this.clock.endOfTurn(() => {
      this.#isCycleDue = false;
      if (this.#isRunning) this.#refill.startCycle();
    });
  }

  /** Once per interval: adapts the interval, and starts a cycle. */
  #tick(): void {
    const { minIntervalMs, maxIntervalMs } = this.#settings;
    const intervalMs = nextInterval(this.#intervalMs, this.active, this.#capacity, minIntervalMs, maxIntervalMs);
    this.#resize(intervalMs, this.#capacity);
    if (!this.#isRunning) return; // a listener of the resize has closed the pool
    this.#tickTimer = this.clock.setTimeout(() => this.#tick(), intervalMs);
    this.#retireSurplus();
    this.#refill.startCycle();
  }

  /** Closes idle links above the target that nobody needed since the last tick, those first that were silent for the longest time. */
  #retireSurplus(): void {
    const surplus = Math.min(this.#fewestIdle, this.active) - this.#target;
    for (let count = 0; count < surplus && !this.stalest!.isTouched; count++) {
      this.retire(this.stalest!, "above capacity");
    }
    this.#fewestIdle = this.active;
  }

  #capacityAfter(started: number, succeeded: number): number {
    const { minCapacity, maxCapacity } = this.#settings;
    return nextCapacity(this.#capacity, started, succeeded, minCapacity, maxCapacity);
  }

  #resize(intervalMs: number, capacity: number): void {
    if (intervalMs === this.#intervalMs && capacity === this.#capacity) return;
    this.#intervalMs = intervalMs;
    this.#capacity = capacity;
    this.emit("resize", { capacity, intervalMs });
  }

  /** Opens one link, within the dial deadline. */
  async #dial(): Promise<void> {
    const { dial: { url }, dialTimeoutMs } = this.#settings;
    const late = `no link within ${dialTimeoutMs} ms`;
    let link: Link;
    this.#dialing++;
    try {
      link = await this.#dials.run(dialTimeoutMs, late, (signal) => this.#open(signal));
    } catch (cause) {
      throw new PoolError(`Cannot dial ${withoutQuery(url)}: ${messageOf(cause)}`, { cause });
    } finally {
      this.#dialing--;
    }
    this.#opened(link);
  }

  async #open(signal: AbortSignal): Promise<Link> {
    const { protocol, windowBytes, name } = this.#settings;
    const socket = await this.#dialer.dial(signal);
    const hello = { window: windowBytes, pool: this.poolId, name };
    const link = await clientHandshake(socket, this.linkHost, protocol, hello, signal);
    link.retireAt = this.clock.now() + jitteredAge(this.#settings.maxLinkAgeMs, this.#environment.random);
    return link;
  }

  #opened(link: Link): void {
    this.admit(link);
    this.#firstLink.resolve();
  }

  #dialFailed(error: unknown, attempt: number, retryInMs: number): void {
    this.countDialFailure(error);
    this.emit("dialerror", { error: error as Error, attempt, retryInMs });
  }
}

/** The dial options, with npws/2 offered in the URL unless npws/1 is asked for (docs/wire.md section 2.1). */
function offering({ protocol, dial }: ClientSettings): DialOptions {
  if (protocol === 1) return dial;
  const url = new URL(dial.url);
  url.search += url.search === "" ? "?npws=2" : "&npws=2"; // as it stands: `searchParams` would write all of it anew
  return { ...dial, url: url.href };
}

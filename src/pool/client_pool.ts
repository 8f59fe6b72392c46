import { inParentheses, messageOf, withoutSecrets } from "../describe.ts";
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
 * A link lost sooner than this after it was opened counts as a failed dial, so that a server that drops every link is not
 * dialed in a tight loop.
 */
const SETTLED_AFTER_MS = 1_000;

/** How long to wait for an npws/2 link to return from its stream before another one takes its place, in milliseconds. */
const RETURN_MS = 100;

/** How long a server's demand stays valid, in milliseconds; the server repeats it every second (docs/wire.md section 2.9). */
const DEMAND_MS = 2_000;

/**
 * The side that dials: it keeps a number of idle links open to one server, and refills, resizes and retires them on its own
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
  /**
   * Dials whose link is not in the pool yet. Each missing link is counted once, no matter when the refill learns that a dial
   * has ended.
   */
  #dialing = 0;
  /**
   * npws/2 links taken a moment ago and expected back soon: sequential streams need no more links than are in use at a time.
   */
  readonly #borrowed: DeadlineQueue<Link>;
  /** The fewest idle links since the last tick: those above the target were not needed. */
  #fewestIdle = 0;
  #capacity: number;
  #intervalMs: number;
  #isRunning = false;
  #tickTimer: Timer | undefined;
  /** A cycle starts at the end of this turn of the event loop; all requests within one turn share it. */
  #isCycleDue = false;
  /**
   * How many links the server's application is waiting for, and when the server said so; decremented for each link it has taken
   * since.
   */
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

  /** At least one link has been opened, and the pool is not closed. */
  get isReady(): boolean {
    return this.counters.dialed > 0 && !this.isClosed;
  }

  /** The current target number of idle links. */
  get capacity(): number {
    return this.#capacity;
  }

  /** The current creation interval in milliseconds. */
  get intervalMs(): number {
    return this.#intervalMs;
  }

  /**
   * The only peer is the server, which has no name.
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
    this.#firstLink.promise.catch(() => {}); // start() may never have been called
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

  /** A link did not return from its stream in time, so another one takes its place. */
  #notReturned(link: Link): void {
    if (this.#isOvertaken) this.#borrowed.add(link); // check again later
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
    if (isOrderly(code) && this.#refill.isFailing) return; // server shutting down: its first closed link was reported
    const how = `closed with code ${code}${inParentheses(reason)}${isFaulty ? " as soon as it was open" : ""}`;
    this.#refill.failed(new PoolError(`Cannot keep link: ${how}`));
  }

  /** How many links should be idle: the capacity, or the number that calls on either side wait for, up to the maximum. */
  get #target(): number {
    return Math.max(this.#capacity, this.#awaited);
  }

  /**
   * The server has taken too many links that the application has not fetched, or that the server is late to give back: a faulty
   * server, which would otherwise make the client dial forever.
   */
  get #isOvertaken(): boolean {
    const { acceptBacklog, maxCapacity } = this.#settings;
    return this.calls.unfetched + this.links.late >= Math.max(acceptBacklog, maxCapacity);
  }

  /** How many more links to dial. */
  get #missing(): number {
    if (this.#isOvertaken) return 0;
    return Math.max(this.#capacity - this.#borrowed.size, this.#awaited) - this.active - this.#dialing;
  }

  /** How many links are awaited by calls, on this side or at the server, up to the maximum. */
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
      if (this.#isRunning) this.#startCycle();
    });
  }

  #startCycle(): void {
    if (this.#isOvertaken) this.links.retireLate();
    this.#refill.startCycle();
  }

  /** Once per interval: adapts the interval and starts a cycle. */
  #tick(): void {
    const { minIntervalMs, maxIntervalMs } = this.#settings;
    const intervalMs = nextInterval(this.#intervalMs, this.active, this.#capacity, minIntervalMs, maxIntervalMs);
    this.#resize(intervalMs, this.#capacity);
    if (!this.#isRunning) return; // a resize listener closed the pool
    this.#tickTimer = this.clock.setTimeout(() => this.#tick(), intervalMs);
    this.#retireSurplus();
    this.#startCycle();
  }

  /** Closes idle links above the target that nobody has needed since the last tick, starting with those silent the longest. */
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
      throw new PoolError(`Cannot dial ${withoutSecrets(url)}: ${messageOf(cause)}`, { cause });
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

/** The dial options, with npws/2 offered in the URL unless the pool is limited to npws/1 (docs/wire.md section 2.1). */
function offering({ protocol, dial }: ClientSettings): DialOptions {
  if (protocol === 1) return dial;
  const url = new URL(dial.url);
  url.search += url.search === "" ? "?npws=2" : "&npws=2"; // appended as text: `searchParams` would re-encode the whole query
  return { ...dial, url: url.href };
}

import type { Timer } from "./clock.ts";
import { type Environment, systemEnvironment } from "./environment.ts";
import { PoolError } from "./errors.ts";
import { clientHandshake } from "./link/handshake.ts";
import type { Link } from "./link/link.ts";
import { Npws1Link } from "./link/npws1.ts";
import { type ClientPoolOptions, type ClientSettings, clientSettings } from "./options/client_options.ts";
import { Pool } from "./pool.ts";
import { Refill } from "./refill.ts";
import type { Dialer } from "./runtime/runtime.ts";
import { jitteredAge, nextCapacity, nextInterval } from "./sizing.ts";

/** A link that is lost sooner than this after it was opened counts as a failed dial: a server that drops every link is not dialed in a tight loop. */
const SETTLED_AFTER_MS = 1_000;

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
 * const ours = await client.incomingGet();
 * const theirs = await server.outgoingGet(ours.id);
 * const writer = ours.writable.getWriter();
 * await writer.write(new TextEncoder().encode("hello"));
 * await writer.close();
 * console.log(await new Response(theirs.readable).text());
 * await theirs.close();
 * ```
 */
export class ClientPool extends Pool {
  readonly #settings: ClientSettings;
  readonly #environment: Environment;
  readonly #dialer: Dialer;
  readonly #refill: Refill;
  readonly #firstLink = Promise.withResolvers<void>();
  /** Aborts the dials under way when the pool closes. */
  readonly #dialing = new Set<AbortController>();
  #capacity: number;
  #intervalMs: number;
  #wasReady = false;
  #isRunning = false;
  #cycleTimer: Timer | undefined;
  /** A cycle starts when this turn of the event loop ends: what many events ask for in one turn is one cycle. */
  #isCycleDue = false;
  #dialsEnded: PromiseWithResolvers<void> | undefined;

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
    this.#dialer = environment.runtime.dialer(settings.dial);
    this.#refill = new Refill({
      clock: environment.clock,
      random: environment.random,
      dialConcurrency: settings.dialConcurrency,
      maxBackoffMs: settings.maxBackoffMs,
      missing: () => this.#target - this.active - this.#refill.dialing,
      isAwaited: () => this.waitingForAny > 0,
      dial: () => this.#dial(),
      cycleEnded: (started, succeeded) => this.#resize(this.#intervalMs, this.#capacityAfter(started, succeeded)),
      dialFailed: (error, attempt, retryInMs) => this.#dialFailed(error, attempt, retryInMs),
      recovered: () => this.#cycleSoon(),
    });
  }

  /** At least one link was opened, and the pool is not closed. */
  get isReady(): boolean {
    return this.#wasReady && !this.isClosed;
  }

  /** The present target of idle links. */
  get capacity(): number {
    return this.#capacity;
  }

  /** The present creation interval in milliseconds. */
  get intervalMs(): number {
    return this.#intervalMs;
  }

  protected get dialing(): number {
    return this.#refill.dialing;
  }

  protected begin(): Promise<void> {
    this.#isRunning = true;
    this.#cycle();
    return this.#firstLink.promise;
  }

  protected async end(): Promise<void> {
    this.#isRunning = false;
    this.clock.clearTimeout(this.#cycleTimer);
    this.#refill.stop();
    const error = this.closedWhileStarting();
    this.#firstLink.reject(error);
    this.#firstLink.promise.catch(() => {});
    for (const dial of this.#dialing) dial.abort(error);
    if (this.#dialing.size > 0) await (this.#dialsEnded ??= Promise.withResolvers()).promise;
    this.#dialer.close();
  }

  protected linkWanted(): void {
    this.#refill.hurry();
    this.#cycleSoon();
  }

  protected linkGone(link: Link): void {
    const { end, openedAt } = link;
    const isEarlyLoss = end && !end.local && !end.inUse && this.clock.now() - openedAt < SETTLED_AFTER_MS;
    if (link.state === "closed" && isEarlyLoss) {
      this.#refill.failed(
        new PoolError(`Cannot keep link ${link.id}: closed with code ${end.code} as soon as it was open`),
      );
    }
    this.#cycleSoon();
  }

  /** How many links should be idle: the capacity, or as many as calls wait for, within the maximum. */
  get #target(): number {
    return Math.max(this.#capacity, Math.min(this.waitingForAny, this.#settings.maxCapacity));
  }

  #cycleSoon(): void {
    if (this.#isCycleDue || !this.#isRunning) return;
    this.#isCycleDue = true;
    this.clock.endOfTurn(() => {
      this.#isCycleDue = false;
      if (this.#isRunning) this.#cycle();
    });
  }

  /** One cycle of the sizing policy; the next comes after the interval, or when something asks for it. */
  #cycle(): void {
    const { minIntervalMs, maxIntervalMs } = this.#settings;
    const intervalMs = nextInterval(this.#intervalMs, this.active, this.#capacity, minIntervalMs, maxIntervalMs);
    this.#resize(intervalMs, this.#capacity);
    this.clock.clearTimeout(this.#cycleTimer);
    this.#cycleTimer = this.clock.setTimeout(() => this.#cycle(), this.#intervalMs);
    while (this.active > this.#target) this.retire(this.stalest!, "above capacity");
    this.#refill.startCycle();
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
    const { dial: { url }, dialTimeoutMs, maxLinkAgeMs } = this.#settings;
    const aborter = new AbortController();
    const late = new PoolError(`no link within ${dialTimeoutMs} ms`);
    const timer = this.clock.setTimeout(() => aborter.abort(late), dialTimeoutMs);
    this.#dialing.add(aborter);
    try {
      const socket = await this.#dialer.dial(aborter.signal);
      const id = await clientHandshake(socket, this.clock, aborter.signal);
      const link = new Npws1Link(socket, this.linkHost, id);
      link.retireAt = this.clock.now() + jitteredAge(maxLinkAgeMs, this.#environment.random);
      socket.handler = link;
      this.#opened(link);
    } catch (cause) {
      const reason = cause instanceof Error ? cause.message : String(cause);
      throw new PoolError(`Cannot dial ${url}: ${reason}`, { cause });
    } finally {
      this.clock.clearTimeout(timer);
      this.#dialing.delete(aborter);
      if (this.#dialing.size === 0) this.#dialsEnded?.resolve();
    }
  }

  #opened(link: Link): void {
    this.#wasReady = true;
    this.admit(link);
    this.#firstLink.resolve();
  }

  #dialFailed(error: unknown, attempt: number, retryInMs: number): void {
    this.countDialFailure(error);
    this.emit("dialerror", { error: error as Error, attempt, retryInMs });
  }
}

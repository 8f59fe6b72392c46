import type { PoolConnection } from "./connection.ts";
import { Dispatcher, type DispatcherHost, type Patience } from "./dispatcher.ts";
import type { Environment } from "./environment.ts";
import { NotSupportedError, PoolClosedError } from "./errors.ts";
import { PoolEvents } from "./events.ts";
import { parseId } from "./id.ts";
import type { Clock, Timer } from "./clock.ts";
import { CloseCode, type Link, type LinkHost, type LinkState } from "./link/link.ts";
import { TurnBatch } from "./link/turn_batch.ts";
import { closeSettings, type GetOptions, getSettings, loopSettings } from "./options/get_options.ts";
import type { PoolSettings } from "./options/pool_options.ts";
import { Counters, type Gauges, type PoolStats } from "./stats.ts";

/** How often all links are looked at, for heartbeats and ages. One timer serves all. */
const SWEEP_MS = 1_000;

/**
 * What the two pools share: getting connections, statistics, events, flush and close. Construct a {@linkcode ClientPool} or a
 * {@linkcode ServerPool}.
 */
export abstract class Pool extends PoolEvents implements AsyncDisposable {
  readonly #environment: Environment;
  readonly #settings: PoolSettings;
  readonly #counters = new Counters();
  readonly #dispatcher: Dispatcher;
  readonly #linkHost: LinkHost;
  /** Every link that is not closed. */
  readonly #links = new Set<Link>();
  #closingLinks = 0;
  #sweepTimer: Timer | undefined;
  #errorCount = 0;
  #lastDialFailure: unknown;
  #started: Promise<void> | undefined;
  #closed: Promise<void> | undefined;

  /** For the two roles. */
  protected constructor(settings: PoolSettings, environment: Environment) {
    super();
    this.#settings = settings;
    this.#environment = environment;
    const { clock } = environment;
    const dispatcherHost: DispatcherHost = {
      clock,
      counters: this.#counters,
      stats: () => this.stats(),
      lastDialFailure: () => this.#lastDialFailure,
      callWaits: () => this.linkWanted(),
    };
    this.#dispatcher = new Dispatcher(dispatcherHost, settings.maxWaiters);
    this.#linkHost = {
      clock,
      batch: new TurnBatch(clock),
      limits: settings,
      traffic: this.#counters,
      linkChanged: (link, before) => this.#linkChanged(link, before),
    };
  }

  /**
   * Client: begins to dial, and resolves at the first idle link; a failed dial does not reject it. Server: binds, and resolves
   * when it listens. A second call returns the same promise, and nobody has to await it.
   *
   * @param options.signal Aborted before the pool has started, it closes the pool.
   * @throws {PoolClosedError} The pool is closed, or was closed meanwhile.
   * @throws The bind error (server), or the signal's reason.
   */
  start(options?: { signal?: AbortSignal }): Promise<void> {
    if (this.#closed) return Promise.reject(closedError("start pool"));
    try {
      const { signal } = loopSettings("start", options);
      this.#started ??= this.#start(signal);
    } catch (error) {
      return Promise.reject(error);
    }
    this.#started.catch(() => {}); // who does not await it learns it from the first get
    return this.#started;
  }

  /**
   * Takes any idle link: the one whose proof of life is the most recent. The peer's application fetches the same link with
   * `outgoingGet(connection.id)` (npws `IncomingGet`).
   *
   * @param options.peer Only a link of the client with this name.
   * @throws {PoolTimeoutError} No link became idle in time.
   * @throws {PoolExhaustedError} Too many calls wait already.
   * @throws {PoolClosedError} The pool is closed, or was closed meanwhile.
   * @throws {TypeError | RangeError} An option is wrong.
   * @throws The signal's reason.
   */
  // deno-lint-ignore require-await -- a wrong option rejects
  async incomingGet(options?: GetOptions & { peer?: string }): Promise<PoolConnection> {
    const { peer, ...patience } = getSettings("incomingGet", options, this.#settings);
    return this.#dispatcher.get({ kind: "any", peer }, patience);
  }

  /**
   * Fetches the link with this id, and waits until it is there (npws `OutgoingGet`). Nothing polls.
   *
   * @param id 8 hex digits in any case.
   * @throws {TypeError} The id is anything else, or an option is wrong.
   * @throws {PoolTimeoutError} The link did not come in time.
   * @throws {PoolExhaustedError} Too many calls wait already.
   * @throws {PoolClosedError} The pool is closed, or was closed meanwhile.
   * @throws The signal's reason.
   */
  // deno-lint-ignore require-await -- a wrong id or option rejects
  async outgoingGet(id: string, options?: GetOptions): Promise<PoolConnection> {
    const patience = getSettings("outgoingGet", options, this.#settings);
    return this.#dispatcher.get({ kind: "id", id: parseId(id) }, patience);
  }

  /**
   * `incomingGet` in a loop. It ends when the pool closes or the signal aborts, and waits as long as it takes for each.
   *
   * @example
   * ```ts
   * import type { PoolConnection, ServerPool } from "@npws/pool";
   *
   * /** Sends back what each client sends. *\/
   * export async function echo(pool: ServerPool): Promise<void> {
   *   for await (const connection of pool.incoming()) connection.readable.pipeTo(connection.writable).catch(console.error);
   * }
   * ```
   */
  incoming(options?: { signal?: AbortSignal; peer?: string }): AsyncIterableIterator<PoolConnection> {
    const { signal, peer } = loopSettings("incoming", options);
    return this.#each(signal, (patience) => this.#dispatcher.get({ kind: "any", peer }, patience));
  }

  /**
   * npws/2: takes any idle link and hands its other end to the peer's `accept()`.
   *
   * @throws {NotSupportedError} This version speaks npws/1 only.
   */
  // deno-lint-ignore require-await -- it rejects
  async open(options?: GetOptions & { peer?: string; metadata?: Uint8Array }): Promise<PoolConnection> {
    getSettings("open", options, this.#settings);
    throw new NotSupportedError("Cannot open a stream: open() needs npws/2, which is not supported yet");
  }

  /**
   * npws/2: the next stream that the peer opened.
   *
   * @throws {NotSupportedError} This version speaks npws/1 only.
   */
  // deno-lint-ignore require-await -- it rejects
  async accept(options?: GetOptions): Promise<PoolConnection> {
    getSettings("accept", options, this.#settings);
    throw new NotSupportedError("Cannot accept a stream: accept() needs npws/2, which is not supported yet");
  }

  /** `accept` in a loop, like {@linkcode Pool.incoming}. */
  accepted(options?: { signal?: AbortSignal }): AsyncIterableIterator<PoolConnection> {
    const { signal } = loopSettings("accepted", options);
    return this.#each(signal, (patience) => this.accept(patience));
  }

  /**
   * Closes every idle link and forgets it; streams in use go on, and waiting calls wait on. Takes a second at most, whatever
   * the peers do.
   */
  async flush(): Promise<void> {
    await Promise.all(this.#closeIdle("flushed"));
  }

  /**
   * Closes the pool: no more dials or admissions, waiting calls reject with PoolClosedError, idle links are closed, streams in
   * use get time to end and are aborted then. A second call returns the same promise.
   *
   * @param options.drainMs How many milliseconds the streams in use get; 5,000 by default. Closing takes a second more at most.
   */
  close(options?: { drainMs?: number }): Promise<void> {
    const { drainMs } = closeSettings(options);
    return this.#closed ??= this.#close(drainMs);
  }

  /** Closes the pool, as `close()`. */
  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  /** Client: at least one link was opened, and the pool is not closed. Server: it listens. */
  abstract readonly isReady: boolean;

  /** Idle links. */
  get active(): number {
    return this.#dispatcher.store.size;
  }

  /** Client: the present target of idle links. Server: `maxCapacity`. */
  abstract readonly capacity: number;

  /** Client: the present creation interval in milliseconds. Server: 0. */
  abstract readonly intervalMs: number;

  /** Failed dials, links lost while idle, listener failures, and `addError()` calls since `resetError()`. */
  get errorCount(): number {
    return this.#errorCount;
  }

  /** Counts an error that the application saw (npws `AddError`). */
  addError(): void {
    this.#errorCount++;
  }

  /** Sets `errorCount` to 0 (npws `ResetError`). */
  resetError(): void {
    this.#errorCount = 0;
  }

  /** One consistent, frozen snapshot of gauges and counters. */
  stats(): PoolStats {
    return this.#counters.snapshot(this.#gauges());
  }

  // For the two roles.

  /** Begins the role's work; see `start`. */
  protected abstract begin(signal: AbortSignal): Promise<void>;

  /** Ends the role's work: nothing is dialed or admitted any more. Resolves when nothing of it is left. */
  protected abstract end(): Promise<void>;

  /** A call found no idle link. */
  protected abstract linkWanted(): void;

  /** A link left idle or was closed. */
  protected abstract linkGone(link: Link): void;

  /** Links that are being opened. */
  protected abstract readonly dialing: number;

  protected get clock(): Clock {
    return this.#environment.clock;
  }

  protected get counters(): Counters {
    return this.#counters;
  }

  protected get linkHost(): LinkHost {
    return this.#linkHost;
  }

  protected get isClosed(): boolean {
    return this.#closed !== undefined;
  }

  /** What `start` rejects with when the pool was closed before it had started. */
  protected closedWhileStarting(): PoolClosedError {
    return closedError("start pool");
  }

  /** Calls that the next link will serve, whichever it is. */
  protected get waitingForAny(): number {
    return this.#dispatcher.waitingForAny;
  }

  /** Links that are idle or in use. */
  protected get openLinks(): number {
    return this.#links.size - this.#closingLinks;
  }

  /** Takes in a link that has just been opened. */
  protected admit(link: Link): void {
    this.#links.add(link);
    this.#counters.dialed++;
    this.#sweepTimer ??= this.clock.setTimeout(this.#sweep, SWEEP_MS);
    this.emit("linkopen", { id: link.id, protocol: link.protocol, peer: link.peer });
    if (link.state === "idle") this.#dispatcher.offer(link);
  }

  /** Closes an idle link that is not needed any more. */
  protected retire(link: Link, why: string): void {
    this.#counters.retired++;
    link.close(CloseCode.normal, why);
  }

  /** The idle link that was not heard for the longest time. */
  protected get stalest(): Link | undefined {
    return this.#dispatcher.store.stalest();
  }

  /** Counts a dial or handshake that failed. */
  protected countDialFailure(error: unknown): void {
    this.#lastDialFailure = error;
    this.#counters.dialFailures++;
    this.countError(error);
  }

  /** Counts a failure of the pool's own work. */
  protected countError(error: unknown): void {
    this.#errorCount++;
    this.#counters.failed(error instanceof Error ? error.message : String(error));
  }

  #gauges(): Gauges {
    const idle = this.active;
    const links = this.#links.size;
    return {
      idle,
      inUse: links - idle - this.#closingLinks,
      dialing: this.dialing,
      waiting: this.#dispatcher.waiting,
      capacity: this.capacity,
      intervalMs: this.intervalMs,
      links,
    };
  }

  async #start(signal: AbortSignal | undefined): Promise<void> {
    const aborted = new AbortController();
    const abort = () => {
      aborted.abort(signal!.reason);
      this.close({ drainMs: 0 });
    };
    if (signal?.aborted) abort();
    else signal?.addEventListener("abort", abort, { once: true });
    try {
      aborted.signal.throwIfAborted();
      await this.begin(aborted.signal);
    } finally {
      signal?.removeEventListener("abort", abort);
    }
  }

  async *#each(
    signal: AbortSignal | undefined,
    next: (patience: Patience) => Promise<PoolConnection>,
  ): AsyncIterableIterator<PoolConnection> {
    while (!signal?.aborted && !this.isClosed) {
      try {
        yield await next({ timeoutMs: Infinity, signal });
      } catch (error) {
        if (signal?.aborted || error instanceof PoolClosedError) return;
        throw error;
      }
    }
  }

  async #close(drainMs: number): Promise<void> {
    const roleEnded = this.end();
    this.#dispatcher.close(closedError("get a link"));
    this.#closeIdle("pool closed");
    await this.#allClosed(drainMs);
    for (const link of this.#links) if (link.state === "inUse") link.abort(closedError("use connection"));
    await Promise.all([roleEnded, ...Array.from(this.#links, (link) => link.closed)]);
    this.clock.clearTimeout(this.#sweepTimer);
  }

  /** Resolves when the last link is closed, or when the time is over. */
  #allClosed(withinMs: number): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    const timer = this.clock.setTimeout(resolve, withinMs);
    Promise.all(Array.from(this.#links, (link) => link.closed)).then(() => {
      this.clock.clearTimeout(timer);
      resolve();
    });
    return promise;
  }

  #closeIdle(why: string): Promise<void>[] {
    return Array.from(this.#dispatcher.store.links(), (link) => {
      link.close(CloseCode.normal, why);
      return link.closed;
    });
  }

  #linkChanged(link: Link, before: LinkState): void {
    if (before === "idle") this.#dispatcher.store.remove(link);
    if (link.state === "closing") this.#closingLinks++;
    if (link.state === "closed") this.#linkClosed(link, before);
    if (before === "idle" || link.state === "closed") this.linkGone(link);
  }

  #linkClosed(link: Link, before: LinkState): void {
    this.#links.delete(link);
    if (before === "closing") this.#closingLinks--;
    const { code, reason, local, inUse } = link.end!;
    if (!local && !inUse && code !== CloseCode.normal && code !== CloseCode.goingAway) {
      this.#counters.lost++;
      this.countError(`Cannot keep link ${link.id}: lost while idle with code ${code}`);
    }
    this.emit("linkclose", { id: link.id, code, reason, inUse });
  }

  readonly #sweep = (): void => {
    this.#sweepTimer = this.#links.size > 0 ? this.clock.setTimeout(this.#sweep, SWEEP_MS) : undefined;
    const now = this.clock.now();
    for (const link of this.#links) {
      link.sweep(now);
      if (link.state === "idle" && now >= link.retireAt) this.retire(link, "age");
    }
  };
}

function closedError(action: string): PoolClosedError {
  return new PoolClosedError(`Cannot ${action}: the pool is closed`);
}

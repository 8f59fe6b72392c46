import type { PoolConnection } from "../connection/connection.ts";
import { describe, messageOf } from "../describe.ts";
import { noOpenError, NOT_STARTED, type Obstacle } from "../dispatch/call.ts";
import { type Calls, Dispatcher, type DispatcherHost } from "../dispatch/dispatcher.ts";
import type { Environment } from "../environment.ts";
import { NotSupportedError, PoolClosedError } from "../errors.ts";
import { PoolEvents } from "../events.ts";
import { parseId } from "../id.ts";
import { randomPoolId } from "../link/hello.ts";
import type { Link, LinkHost, LinkIds, LinkState } from "../link/link.ts";
import { TurnBatch } from "../link/turn_batch.ts";
import { closeSettings, type GetOptions, getSettings, loopSettings } from "../options/get_options.ts";
import type { PoolSettings } from "../options/pool_options.ts";
import { CloseCode, isOrderly } from "../runtime/rfc6455/close_code.ts";
import { Counters, type Gauges, type PoolStats } from "../stats.ts";
import type { Clock } from "../time/clock.ts";
import { eachConnection } from "./connection_loop.ts";
import { LinkSet } from "./link_set.ts";

/**
 * The base class of both pools: getting connections, statistics, events, flush and close. Construct a {@linkcode ClientPool} or
 * a {@linkcode ServerPool}.
 *
 * @example
 * ```ts
 * import { type Pool, ServerPool } from "@npws/pool";
 *
 * /** Sends a request over either side of a pool, and reads the answer. *\/
 * export async function ask(pool: Pool, request: Uint8Array): Promise<Uint8Array> {
 *   await using connection = await pool.open();
 *   const writer = connection.writable.getWriter();
 *   await writer.write(request);
 *   await writer.close();
 *   return new Uint8Array(await new Response(connection.readable).arrayBuffer());
 * }
 *
 * await using pool: Pool = new ServerPool();
 * console.log(pool.active); // 0
 * ```
 */
export abstract class Pool extends PoolEvents implements AsyncDisposable {
  readonly #environment: Environment;
  readonly #settings: PoolSettings;
  // Private even from code that logs or inspects a pool: what these hold may be confidential.
  readonly #counters = new Counters();
  readonly #dispatcher: Dispatcher;
  readonly #linkHost: LinkHost;
  readonly #links: LinkSet;
  #errorCount = 0;
  #started: Promise<void> | undefined;
  #closed: Promise<void> | undefined;

  /**
   * For the two subclasses.
   *
   * @internal
   */
  protected constructor(settings: PoolSettings, environment: Environment, ids?: LinkIds) {
    super();
    this.#settings = settings;
    this.#environment = environment;
    const { clock } = environment;
    const batch = new TurnBatch(clock);
    const { keepAliveMs, heartbeatTimeoutMs } = settings;
    const sweepMs = keepAliveMs === 0 ? Infinity : Math.min(keepAliveMs, heartbeatTimeoutMs) / 4;
    this.#links = new LinkSet(clock, sweepMs, (link, now) => this.#swept(link, now));
    this.#dispatcher = new Dispatcher(this.#dispatcherHost(batch), settings);
    this.#linkHost = {
      clock,
      batch,
      limits: settings,
      traffic: this.#counters,
      ids,
      linkChanged: (link, before) => this.#linkChanged(link, before),
      linkFree: (link) => this.#linkFree(link),
      retires: (link) => this.#retires(link),
      canReserve: (kind) => this.#dispatcher.canReserve(kind),
      reserved: (link, stream, kind) => {
        this.peerTook();
        this.#dispatcher.reserved(link, stream, kind);
      },
      leftBehind: (link, stream) => this.#dispatcher.leftBehind(link, stream),
      keepCompleted: (link, stream) => this.#dispatcher.keepCompleted(link, stream),
      discarded: ({ id }, bytes) => this.countError(`Cannot keep ${bytes} bytes of link ${id}: they were not fetched`),
      provedAlive: (link) => this.#dispatcher.store.refresh(link),
      unreserved: (link) => this.#dispatcher.unreserved(link),
      givenUp: (link) => this.#links.givenUp(link),
      probing: (link) => this.#links.probing(link),
      probed: (link) => this.#links.probed(link),
      wanted: (count) => this.peerWaits(count),
    };
  }

  /**
   * Client: starts to dial, and resolves with the first idle link; a failed dial does not reject it. Server: binds, and
   * resolves once it listens. A second call returns the same promise. The promise need not be awaited.
   *
   * @param options.signal If it aborts before the pool has started, it closes the pool. A second call's signal is validated and
   * otherwise ignored.
   * @throws {PoolClosedError} The pool is closed, or was closed meanwhile.
   * @throws {TypeError} An option is wrong.
   * @throws The bind error (server), or the signal's reason.
   */
  start(options?: { signal?: AbortSignal }): Promise<void> {
    const started = this.#startOnce(options);
    started.catch(() => {}); // a caller that does not await it learns of the failure from a get that times out
    return started;
  }

  /**
   * Takes any idle link, preferring the one with the most recent proof of life. The peer's application fetches the same link
   * with `outgoingGet(connection.id)` (npws `IncomingGet`).
   *
   * @param options.peer Takes only a link of the client with this name (server, npws/2).
   * @throws {NotSupportedError} A peer is requested, but no peer of this pool has a name.
   * @throws {PoolTimeoutError} No link became idle in time.
   * @throws {PoolExhaustedError} Too many calls are waiting already.
   * @throws {PoolClosedError} The pool is closed, or was closed meanwhile.
   * @throws {TypeError | RangeError} An option is wrong.
   * @throws The signal's reason.
   */
  async incomingGet(options?: GetOptions & { peer?: string }): Promise<PoolConnection> {
    const settings = getSettings("incomingGet", options, this.#settings);
    this.#needsNames(settings.peer);
    return await this.#dispatcher.get({ kind: "any", peer: settings.peer }, settings);
  }

  /**
   * Fetches the link with this id, and waits until it arrives (npws `OutgoingGet`). Nothing polls.
   *
   * @param id 8 hex digits, in upper or lower case.
   * @throws {TypeError | RangeError} The id is anything else, or an option is wrong.
   * @throws {PoolTimeoutError} The link did not arrive in time.
   * @throws {PoolExhaustedError} Too many calls are waiting already.
   * @throws {PoolClosedError} The pool is closed, or was closed meanwhile.
   * @throws The signal's reason.
   */
  async outgoingGet(id: string, options?: GetOptions): Promise<PoolConnection> {
    const settings = getSettings("outgoingGet", options, this.#settings);
    return await this.#dispatcher.get({ kind: "id", id: parseId(id) }, settings);
  }

  /**
   * `incomingGet` in a loop. Waits for each connection without a timeout, and ends when the pool closes or the signal aborts.
   *
   * @throws {TypeError} An option is wrong; thrown by the call itself, not by the loop.
   * @throws {NotSupportedError} A peer is requested, but no peer of this pool has a name; also thrown by the call itself.
   * @throws {PoolExhaustedError} Too many calls are waiting already when the loop asks for the next connection.
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
    this.#needsNames(peer);
    return eachConnection(signal, (settings) => this.#dispatcher.get({ kind: "any", peer }, settings));
  }

  /**
   * npws/2: takes any idle link and hands its other end to the peer's `accept()`, so that no id has to be exchanged.
   *
   * @param options.peer Takes only a link of the client with this name (server).
   * @param options.metadata Up to 2,048 bytes for the peer, which reads them from `connection.metadata`.
   * @throws {NotSupportedError} The pool, or every connected peer, speaks npws/1 only; or `peer` was passed to a client pool.
   * @throws {PoolTimeoutError} No link became idle and was confirmed in time.
   * @throws {PoolExhaustedError} Too many calls are waiting already.
   * @throws {PoolClosedError} The pool is closed, or was closed meanwhile.
   * @throws {TypeError | RangeError} An option is wrong.
   * @throws The signal's reason.
   */
  async open(options?: GetOptions & { peer?: string; metadata?: Uint8Array }): Promise<PoolConnection> {
    const settings = getSettings("open", options, this.#settings);
    const { peer, metadata } = settings;
    this.#needsNpws2("open");
    this.#needsNames(peer);
    if (this.#links.isNpws1Only) throw noOpenError();
    return await this.#dispatcher.get({ kind: "open", peer, metadata }, settings);
  }

  /**
   * npws/2: waits for the next stream that the peer opens.
   *
   * @throws {NotSupportedError} The pool speaks npws/1 only.
   * @throws {PoolTimeoutError} The peer opened no stream in time.
   * @throws {PoolExhaustedError} Too many calls are waiting already.
   * @throws {PoolClosedError} The pool is closed, or was closed meanwhile.
   * @throws {TypeError | RangeError} An option is wrong.
   * @throws The signal's reason.
   */
  async accept(options?: GetOptions): Promise<PoolConnection> {
    const settings = getSettings("accept", options, this.#settings);
    this.#needsNpws2("accept");
    return await this.#dispatcher.get({ kind: "accept" }, settings);
  }

  /**
   * `accept` in a loop, like {@linkcode Pool.incoming}.
   *
   * @throws {TypeError} An option is wrong; thrown by the call itself, not by the loop.
   * @throws {NotSupportedError} The pool speaks npws/1 only; also thrown by the call itself.
   * @throws {PoolExhaustedError} Too many calls are waiting already when the loop asks for the next connection.
   */
  accepted(options?: { signal?: AbortSignal }): AsyncIterableIterator<PoolConnection> {
    const { signal } = loopSettings("accepted", options);
    this.#needsNpws2("accepted");
    return eachConnection(signal, (settings) => this.#dispatcher.get({ kind: "accept" }, settings));
  }

  /**
   * Closes and forgets every idle link; streams in use and waiting calls continue. Takes at most a second, whatever the peers
   * do.
   */
  async flush(): Promise<void> {
    const links = this.#dispatcher.store.links();
    for (const link of links) link.close(CloseCode.normal, "flushed");
    await Promise.all(links.map((link) => link.closed));
  }

  /**
   * Closes the pool: nothing more is dialed or admitted, waiting calls reject with PoolClosedError, idle links are closed, and
   * streams in use get time to end before they are aborted. A second call returns the same promise; its `drainMs` is validated
   * and otherwise ignored.
   *
   * @param options.drainMs How many milliseconds the streams in use get, at least 0 and finite; 5,000 by default. Closing takes
   * at most a second longer.
   * @throws {TypeError | RangeError} An option is wrong; the pool is left unchanged.
   */
  close(options?: { drainMs?: number }): Promise<void> {
    try {
      const { drainMs } = closeSettings(options);
      return this.#closed ??= this.#close(drainMs);
    } catch (error) {
      return Promise.reject(error);
    }
  }

  /** Closes the pool, like `close()`. */
  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  /**
   * Client: at least one link has been opened. Server: it listens, or is mounted and has answered a request. False once the
   * pool is closed.
   */
  abstract readonly isReady: boolean;

  /** Idle links. */
  get active(): number {
    return this.#dispatcher.store.size;
  }

  /** Client: the current target number of idle links. Server: `maxCapacity`. */
  abstract readonly capacity: number;

  /** Client: the current creation interval in milliseconds. Server: 0. */
  abstract readonly intervalMs: number;

  /**
   * Failed dials and handshakes, links lost while idle, discards of bytes that nobody fetched, failures to listen, errors
   * thrown by `authorize` and event listeners, and `addError()` calls, since the last `resetError()`.
   */
  get errorCount(): number {
    return this.#errorCount;
  }

  /** Counts an error seen by the application (npws `AddError`). */
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

  // For the two subclasses.

  /**
   * Begins the role's work; see `start`.
   *
   * @internal
   */
  protected abstract begin(signal: AbortSignal): Promise<void>;

  /**
   * Ends the role's work: nothing more is dialed or admitted. Resolves when all of it has ended.
   *
   * @internal
   */
  protected abstract end(): Promise<void>;

  /**
   * Frees the role's resources once no link is left.
   *
   * @internal
   */
  protected abstract release(): Promise<void> | void;

  /**
   * A call found no idle link.
   *
   * @internal
   */
  protected abstract callWaits(): void;

  /**
   * Whether a link that has just ended a stream should be closed.
   *
   * @internal
   */
  protected abstract isDueToRetire(link: Link): boolean;

  // Notifications that a role may override.

  /**
   * A link's state has changed; the new one is set.
   *
   * @internal
   */
  protected linkMoved(_link: Link, _before: LinkState): void {}

  /**
   * A link went to the store because no call was waiting for it.
   *
   * @internal
   */
  protected linkIdles(_link: Link): void {}

  /**
   * The peer took a link.
   *
   * @internal
   */
  protected peerTook(): void {}

  /**
   * The peer's application is waiting for this many links (client).
   *
   * @internal
   */
  protected peerWaits(_count: number): void {}

  /**
   * Whether peers can have names.
   *
   * @internal
   */
  protected abstract readonly hasNamedPeers: boolean;

  /**
   * How many links are being opened.
   *
   * @internal
   */
  protected abstract readonly dialing: number;

  /**
   * The id that this pool sends in its hellos (npws/2).
   *
   * @internal
   */
  protected readonly poolId: string = randomPoolId();

  /**
   * What has prevented new links since the last one was opened.
   *
   * @internal
   */
  protected obstacle: Obstacle | undefined;

  /** @internal */
  protected get clock(): Clock {
    return this.#environment.clock;
  }

  /** @internal */
  protected get counters(): Counters {
    return this.#counters;
  }

  /** @internal */
  protected get linkHost(): LinkHost {
    return this.#linkHost;
  }

  /** @internal */
  protected get isClosed(): boolean {
    return this.#closed !== undefined;
  }

  /**
   * What `start` rejects with if the pool is closed before it has started.
   *
   * @internal
   */
  protected closedWhileStarting(): PoolClosedError {
    return closedError("start pool");
  }

  /** @internal */
  protected get calls(): Calls {
    return this.#dispatcher;
  }

  /**
   * Every link that is not closed.
   *
   * @internal
   */
  protected get links(): LinkSet {
    return this.#links;
  }

  /**
   * The idle link that has been silent the longest.
   *
   * @internal
   */
  protected get stalest(): Link | undefined {
    return this.#dispatcher.store.stalest();
  }

  /**
   * Adds a link that has just been opened. Messages that came with its handshake have been held, and are delivered from here
   * on.
   *
   * @internal
   */
  protected admit(link: Link): void {
    if (this.isClosed) {
      link.socket.terminate();
      return this.#linkHost.ids?.release(link.id);
    }
    const isFirst = this.#links.size === 0;
    this.#links.add(link);
    // A client has one server. A server's first client may be followed by others, which speak npws/2 and have names.
    if (isFirst && link.protocol === 1 && !this.hasNamedPeers) this.#dispatcher.rejectOpens();
    this.#counters.dialed++;
    this.obstacle = undefined;
    link.socket.handler = link;
    this.#linkFree(link);
    this.emit("linkopen", { id: link.id, protocol: link.protocol, peer: link.peer });
  }

  /**
   * Closes an idle link that is no longer needed.
   *
   * @internal
   */
  protected retire(link: Link, why: string): void {
    this.#counters.retired++;
    link.close(CloseCode.normal, why);
  }

  /**
   * Counts a failed dial or handshake.
   *
   * @internal
   */
  protected countDialFailure(error: unknown): void {
    this.obstacle = { what: "last dial failure", error };
    this.#counters.dialFailures++;
    this.countError(error);
  }

  /**
   * Counts a failure of the pool's own work.
   *
   * @internal
   */
  protected countError(error: unknown): void {
    this.#errorCount++;
    this.#counters.failed(messageOf(error));
  }

  #dispatcherHost(batch: TurnBatch): DispatcherHost {
    return {
      clock: this.clock,
      batch,
      counters: this.#counters,
      stats: () => this.stats(),
      obstacle: () => this.obstacle ?? (this.#started || this.isReady ? undefined : NOT_STARTED),
      hasPeer: (name) => this.#links.hasPeer(name),
      callWaits: () => this.callWaits(),
    };
  }

  #gauges(): Gauges {
    const idle = this.active;
    const { size, closing } = this.#links;
    return {
      idle,
      inUse: size - idle - closing,
      dialing: this.dialing,
      waiting: this.calls.waiting,
      capacity: this.capacity,
      intervalMs: this.intervalMs,
      links: size,
    };
  }

  /** A call for one peer would wait forever if no peer has a name. */
  #needsNames(peer: string | undefined): void {
    if (peer === undefined || this.hasNamedPeers) return;
    throw new NotSupportedError(`Cannot ask for peer ${describe(peer)}: no peer of this pool has a name`);
  }

  #needsNpws2(call: string): void {
    if (this.#settings.protocol !== 1) return;
    throw new NotSupportedError(`Cannot call ${call}(): it requires npws/2, but the pool was created with protocol 1`);
  }

  #startOnce(options: { signal?: AbortSignal } | undefined): Promise<void> {
    try {
      const { signal } = loopSettings("start", options);
      if (this.isClosed) throw this.closedWhileStarting();
      return this.#started ??= this.#start(signal);
    } catch (error) {
      return Promise.reject(error);
    }
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
    } catch (error) {
      aborted.signal.throwIfAborted();
      throw error;
    } finally {
      signal?.removeEventListener("abort", abort);
    }
  }

  async #close(drainMs: number): Promise<void> {
    const roleEnded = this.end();
    const orphans = this.#dispatcher.close(closedError("get a connection"));
    for (const link of orphans) link.abort(closedError("fetch a stream"));
    await Promise.all([roleEnded, this.#links.drain(drainMs, closedError("use connection"))]);
    this.#links.stop();
    await this.release();
  }

  #linkChanged(link: Link, before: LinkState): void {
    if (before === "idle") this.#dispatcher.store.remove(link);
    if (before === "done" && link.state === "idle") this.#counters.recycled++;
    this.#links.changed(link, before);
    if (link.state === "closed") this.#linkClosed(link);
    this.linkMoved(link, before);
  }

  #linkClosed(link: Link): void {
    this.#linkHost.ids?.release(link.id);
    const { code, reason, local, from } = link.end!;
    if (!local && from === "idle" && !isOrderly(code)) {
      this.#counters.lost++;
      this.countError(`Cannot keep link ${link.id}: lost while idle with code ${code}`);
    }
    this.emit("linkclose", { id: link.id, code, reason, inUse: from === "inUse", peer: link.peer });
  }

  #linkFree(link: Link): void {
    if (this.isClosed) link.close(CloseCode.normal, "pool closed");
    else this.#dispatcher.offer(link);
    if (link.state === "idle") this.linkIdles(link);
  }

  #retires(link: Link): boolean {
    if (this.isClosed) return true;
    const isDue = this.isDueToRetire(link);
    if (isDue) this.#counters.retired++;
    return isDue;
  }

  #swept(link: Link, now: number): void {
    link.sweep(now);
    if (link.state === "idle" && now >= link.retireAt && !link.isTouched) this.retire(link, "age");
  }
}

function closedError(action: string): PoolClosedError {
  return new PoolClosedError(`Cannot ${action}: the pool is closed`);
}

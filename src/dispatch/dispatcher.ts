import { LinkConnection, type PoolConnection } from "../connection/connection.ts";
import { ConnectionLostError, type PoolClosedError } from "../errors.ts";
import { EarlyStart } from "../link/early_start.ts";
import type { Link, ReservedLink } from "../link/link.ts";
import type { Stream } from "../link/stream.ts";
import type { TakeFailure, TakeKind, TakenLink } from "../link/take.ts";
import type { TurnBatch } from "../link/turn_batch.ts";
import { CloseCode } from "../runtime/rfc6455/close_code.ts";
import type { Counters, PoolStats } from "../stats.ts";
import type { Clock } from "../time/clock.ts";
import { DeadlineQueue } from "../time/deadline_queue.ts";
import {
  type Call,
  type CallSettings,
  mayAskAgain,
  NOBODY,
  noOpenError,
  type Obstacle,
  timeoutError,
  type Want,
} from "./call.ts";
import { LinkStore } from "./link_store.ts";
import { type Reservation, Reservations } from "./reservations.ts";
import { type Caller, KeyedWaitQueue, WaitingCalls, WaitQueue } from "./wait_queue.ts";

/** How long a call that every peer with an idle link has refused waits before it asks them again, in milliseconds. */
const REFUSED_PAUSE_MS = 50;

type WaitingCall = Caller<Stream, Call>;

interface DispatcherLimits {
  readonly maxWaiters: number;
  readonly acceptBacklog: number;
  /** How many bytes closed links may leave behind in total. */
  readonly receiveLimitBytes: number;
}

/** How many calls wait, and how many streams wait for a call. */
export interface Calls {
  /** All waiting calls, whether for a link or for the peer's answer. */
  readonly waiting: number;
  /** Whether any call waits that a link which becomes idle may serve, whatever its id. */
  readonly isLinkAwaited: boolean;
  /** Calls that any link can serve. */
  readonly waitingForAny: number;
  /** Calls for a link of a particular client, by the client's name. */
  waitingByPeer(): ReadonlyMap<string, number>;
  /** Streams that peers have taken and nobody has fetched by id yet. */
  readonly unfetched: number;
}

/** The pool, as its dispatcher sees it. */
export interface DispatcherHost {
  readonly clock: Clock;
  readonly batch: TurnBatch;
  readonly counters: Counters;
  stats(): PoolStats;
  /** Whether a client of this name is connected. */
  hasPeer(name: string): boolean;
  /** Why there may be no link, for the error message of a call that waited in vain. */
  obstacle(): Obstacle | undefined;
  /** A call starts to wait for a link or a stream. */
  callWaits(): void;
}

/**
 * Brings calls and links together: a call takes an idle link, or a stream that the peer took, or queues for the next one. A
 * call that gives up leaves its queue at once, so a link always goes to somebody who still wants it.
 */
export class Dispatcher implements Calls {
  /** The idle links. */
  readonly store = new LinkStore();
  readonly #host: DispatcherHost;
  readonly #calls: WaitingCalls<Stream, Call>;
  readonly #reservations: Reservations;
  readonly #limits: DispatcherLimits;
  readonly #forAny = new WaitQueue<Stream, Call>();
  /** Calls for a link of a particular client, by its name: kept apart, so that they hold up no call for any link. */
  readonly #forPeer = new KeyedWaitQueue<Stream, Call>();
  readonly #forId = new KeyedWaitQueue<Stream, Call>();
  readonly #forAccept = new WaitQueue<Stream, Call>();
  /** `open` calls that every peer with an idle link has refused. */
  readonly #refused: DeadlineQueue<WaitingCall>;
  #closedWith: PoolClosedError | undefined;

  constructor(host: DispatcherHost, limits: DispatcherLimits) {
    this.#host = host;
    this.#limits = limits;
    this.#calls = new WaitingCalls(host.clock, limits.maxWaiters, {
      timeoutError: (caller) =>
        timeoutError(caller.call.want, caller, this.#host.stats(), this.#host.obstacle(), this.#host.hasPeer),
      gaveUp: (_, why) => why === "timeout" ? this.#host.counters.timeouts++ : this.#host.counters.aborts++,
    });
    this.#reservations = new Reservations(host.clock, limits.receiveLimitBytes);
    this.#refused = new DeadlineQueue(host.clock, REFUSED_PAUSE_MS, (caller) => {
      caller.call.refusedBy = NOBODY;
      if (!caller.settled) this.#place(caller);
    });
  }

  get waiting(): number {
    return this.#calls.size;
  }

  get isLinkAwaited(): boolean {
    return this.#forAny.size > 0 || this.#forPeer.size > 0;
  }

  get waitingForAny(): number {
    return this.#forAny.size;
  }

  waitingByPeer(): ReadonlyMap<string, number> {
    return new Map(this.#forPeer.sizes());
  }

  get unfetched(): number {
    return this.#reservations.unfetched;
  }

  /**
   * Gets a connection: at once, or a promise of it.
   *
   * @throws What the methods of `Pool` reject with; so does the promise.
   */
  get(want: Want, settings: CallSettings): PoolConnection | Promise<PoolConnection> {
    if (this.#closedWith) throw this.#closedWith;
    if (settings.signal?.aborted) {
      this.#host.counters.aborts++;
      throw settings.signal.reason;
    }
    const stream = this.#takeAtOnce(want);
    if (stream) return this.#connect(stream);
    const caller = this.#enter(want, settings);
    this.#place(caller);
    const { early } = caller.call;
    if (!early) return caller.outcome.promise.then((stream) => this.#connect(stream));
    return early.isUnderWay ? this.#connectEarly(caller, early) : this.#connectWhenBegun(caller, early);
  }

  /** Gives an idle link to a call that waits for it, otherwise stores it. */
  offer(link: Link): void {
    const caller = this.#forId.shift(link.id) ??
      this.#shiftFor(link, ({ call: { want } }) => want.kind === "any" || link.protocol === 2);
    if (caller) this.#take(link, caller);
    else this.store.add(link);
  }

  canReserve(kind: TakeKind): boolean {
    return kind === "take" || this.#forAccept.size > 0 || this.#reservations.queued < this.#limits.acceptBacklog;
  }

  /** Gives a stream that the peer took to a call that waits for it, otherwise keeps it for the fetch time. */
  reserved(link: ReservedLink, stream: Stream, kind: TakeKind): void {
    if (this.#closedWith) return link.abort(this.#closedWith);
    const caller = kind === "take" ? this.#forId.shift(link.id) : this.#forAccept.shift();
    if (!caller) return void this.#reservations.add(link, stream, kind);
    this.#serve(caller, stream);
    link.fetched();
  }

  /** npws/1: keeps what a peer sent on a link that it closed cleanly before the application fetched it, if there is room. */
  leftBehind(link: ReservedLink, stream: Stream): void {
    const caller = this.#forId.shift(link.id);
    if (caller) this.#serve(caller, stream);
    else if (!this.#reservations.leave(link, stream)) link.neverFetched();
  }

  /** npws/2: keeps a completely received, reserved stream, although its link is closed. False if there is no room. */
  keepCompleted(link: ReservedLink, stream: Stream): boolean {
    const isForgotten = this.#closedWith !== undefined; // `close` has dropped it, and it does not count as discarded
    return isForgotten || this.#reservations.leave(link, stream);
  }

  unreserved(link: ReservedLink): void {
    this.#reservations.forget(link);
  }

  /** Rejects the `open` calls that wait for a link, because the links that come speak npws/1. */
  rejectOpens(): void {
    this.#calls.reject(noOpenError(), ({ call, queue }) => call.want.kind === "open" && queue !== undefined);
  }

  /**
   * Rejects all calls, present and future, except early ones whose application has the stream already and whose link has not
   * answered. Returns the links whose streams nobody will fetch.
   */
  close(error: PoolClosedError): ReservedLink[] {
    this.#closedWith = error;
    this.#calls.end();
    this.#calls.reject(error, ({ call }) => !call.early?.isUnderWay);
    this.#refused.clear();
    return this.#reservations.clear();
  }

  /** What is available without asking the peer: a stream that the peer took, or an idle npws/1 link. */
  #takeAtOnce(want: Want): Stream | undefined {
    if (want.kind === "open") return undefined; // npws/2 always asks
    const reservation = this.#reservationFor(want);
    if (reservation) return fetched(reservation);
    return this.#linkFor(want, NOBODY)?.takeNow();
  }

  #enter(want: Want, { timeoutMs, signal, early }: CallSettings): WaitingCall {
    const start = early && want.kind !== "accept" ? new EarlyStart(this.#host.batch) : undefined;
    return this.#calls.enter({ call: { want, early: start, refusedBy: NOBODY }, timeoutMs, signal });
  }

  /** Finds a stream or link for a caller that is in no queue, or queues it. */
  #place(caller: WaitingCall): void {
    const { want, refusedBy } = caller.call;
    const reservation = this.#reservationFor(want);
    if (reservation) return this.#serveReserved(caller, reservation);
    const link = this.#linkFor(want, refusedBy);
    if (link) return this.#take(link, caller);
    if (refusedBy.size > 0) return this.#refused.add(caller);
    if (want.kind === "id") this.#forId.add(want.id, caller);
    else if (want.kind === "accept") this.#forAccept.add(caller);
    else if (want.peer !== undefined) this.#forPeer.add(want.peer, caller);
    else this.#forAny.add(caller);
    this.#host.callWaits();
  }

  #take(link: Link, caller: WaitingCall): void {
    const { want, early } = caller.call;
    link.take({
      kind: want.kind === "open" ? "open" : "take",
      metadata: want.kind === "open" ? want.metadata : "",
      early,
      granted: (link, stream) => this.#granted(caller, link, stream),
      failed: (link, why) => this.#failed(caller, link, why),
    });
  }

  #granted(caller: WaitingCall, link: TakenLink, stream: Stream): void {
    const isEarly = stream === caller.call.early?.stream;
    const served = caller.settled && !isEarly ? this.#nextLike(caller.call.want, link) : caller;
    if (!served || !this.#serve(served, stream)) link.handBack();
  }

  /** The take failed: its caller tries another link, unless bytes that it wrote may have arrived. */
  #failed(caller: WaitingCall, link: TakenLink, why: TakeFailure): void {
    if (why !== "refused" && !this.#closedWith) this.#host.counters.deadOnTake++;
    if (caller.settled) return;
    if (this.#closedWith) return void caller.reject(this.#closedWith);
    const { call } = caller;
    if (why === "refused") call.refusedBy = new Set(call.refusedBy).add(link.peerPool!);
    const isServedByPeer = why === "crossed" && call.want.kind === "id" && this.#reservations.has(call.want.id);
    if (mayAskAgain(call, why, isServedByPeer)) return this.#place(caller);
    const error =
      `Cannot use connection ${link.id}: the peer did not confirm it, but may have received its first bytes`;
    caller.reject(new ConnectionLostError(error, CloseCode.abnormal, ""));
  }

  #serve(caller: WaitingCall, stream: Stream): boolean {
    const { waitedMs } = caller;
    if (!caller.resolve(stream)) return false;
    this.#host.counters.waitMsTotal += waitedMs;
    return true;
  }

  #serveReserved(caller: WaitingCall, reservation: Reservation): void {
    const { early } = caller.call;
    // An early start that has begun is the application's stream already: it replaces the reserved one, which is still unused.
    if (early?.isBegun) {
      this.#serve(caller, early.stream);
      reservation.link.adopt(early);
    } else this.#serve(caller, fetched(reservation));
  }

  /**
   * The next caller that wants the same, for when the one that asked has given up or was served. Early callers for any link are
   * skipped: each gets its stream from its own take.
   */
  #nextLike(asked: Want, link: TakenLink): WaitingCall | undefined {
    if (asked.kind === "id") return this.#forId.shift(link.id);
    if (asked.kind !== "any") return undefined;
    return this.#shiftFor(link, ({ call: { want, early } }) => !early && want.kind === "any");
  }

  /** Takes out the caller that has waited longest, of those for any link and those for a link of this one's client. */
  #shiftFor(
    { peer }: Pick<Link, "peer">,
    predicate: (caller: WaitingCall) => boolean,
  ): WaitingCall | undefined {
    const any = this.#forAny.first(predicate);
    const named = peer === undefined ? undefined : this.#forPeer.first(peer, predicate);
    const caller = any && named ? (any.order < named.order ? any : named) : any ?? named;
    if (caller) caller.queue!.remove(caller);
    return caller;
  }

  #reservationFor(want: Want): Reservation | undefined {
    if (want.kind === "id") return this.#reservations.fetch(want.id);
    return want.kind === "accept" ? this.#reservations.accept() : undefined;
  }

  #linkFor(want: Want, refusedBy: ReadonlySet<string>): Link | undefined {
    switch (want.kind) {
      case "id":
        return this.store.byId(want.id);
      case "any":
        return this.store.freshest(want.peer);
      case "open":
        return this.store.freshest(want.peer, (link) => link.protocol === 2 && !refusedBy.has(link.peerPool!));
      case "accept":
        return undefined;
    }
  }

  #connect(stream: Stream): PoolConnection {
    this.#host.counters.taken++;
    return new LinkConnection(stream, this.#host.clock);
  }

  /** Early, but no link is idle: as soon as a take was sent, or the call was served. */
  async #connectWhenBegun(caller: WaitingCall, early: EarlyStart): Promise<PoolConnection> {
    const served = await Promise.race([caller.outcome.promise, early.begun]);
    return served && served !== early.stream ? this.#connect(served) : this.#connectEarly(caller, early);
  }

  #connectEarly(caller: WaitingCall, early: EarlyStart): PoolConnection {
    this.#host.counters.taken++;
    caller.outcome.whenRejected((error) => queueMicrotask(() => early.abandon(error)));
    return new LinkConnection(early.stream, this.#host.clock, caller.outcome);
  }
}

function fetched({ link, stream }: Reservation): Stream {
  link.fetched();
  return stream;
}

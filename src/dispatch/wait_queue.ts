import { type Abortable, AbortWatch } from "../abort_watch.ts";
import { PoolExhaustedError } from "../errors.ts";
import { type Linked, LinkedList } from "../memory/linked_list.ts";
import { Place } from "../memory/place.ts";
import type { Clock } from "../time/clock.ts";
import { Deadlines } from "../time/deadlines.ts";
import { Eventual } from "./eventual.ts";

/** What one call waits for, and how long. */
export interface CallOptions<Call> {
  /** What the call is for; only the pool reads it. */
  readonly call: Call;
  /** How long it waits, in milliseconds; Infinity waits forever. */
  readonly timeoutMs: number;
  readonly signal?: AbortSignal | undefined;
}

/** The pool, as its waiting calls see it. */
export interface CallHost<T, Call> {
  /** Creates the error at the deadline. The caller still counts as waiting then, so the message shows the pool as it was. */
  timeoutError(caller: Caller<T, Call>): Error;
  /** Nobody has served the caller in time: it is settled, and has left its queue. */
  gaveUp(caller: Caller<T, Call>, why: "timeout" | "abort"): void;
}

/** All waiting calls of one pool, whatever they wait for: counted, limited and ended together. */
export class WaitingCalls<T, Call = undefined> {
  readonly clock: Clock;
  readonly host: CallHost<T, Call>;
  readonly #places = new Set<Place<Caller<T, Call>>>();
  readonly #maxWaiters: number;
  readonly #deadlines: Deadlines<Place<Caller<T, Call>>>;
  #entered = 0;

  constructor(clock: Clock, maxWaiters: number, host: CallHost<T, Call>) {
    this.clock = clock;
    this.host = host;
    this.#maxWaiters = maxWaiters;
    this.#deadlines = new Deadlines(clock, ({ item }) => item.expire());
  }

  /** How many are not settled, including those that are in no queue. */
  get size(): number {
    return this.#places.size;
  }

  /**
   * Starts to wait: the deadline and the signal apply from here on. Put the caller in a queue, or keep it while a take is
   * outstanding.
   *
   * @throws {PoolExhaustedError} As many calls as are allowed wait already.
   * @throws The signal's reason, if it is aborted already.
   */
  enter(options: CallOptions<Call>): Caller<T, Call> {
    options.signal?.throwIfAborted();
    if (this.#places.size >= this.#maxWaiters) {
      throw new PoolExhaustedError(
        `Cannot wait: ${this.#places.size} calls are already waiting, as many as maxWaiters allows`,
      );
    }
    const caller = new Caller(this, this.#entered++, options);
    this.#places.add(caller.place);
    this.#deadlines.add(caller.place, caller.timeoutMs);
    return caller;
  }

  /** A caller is settled. */
  left({ place, timeoutMs }: Caller<T, Call>): void {
    place.leave();
    this.#places.delete(place);
    this.#deadlines.delete(place, timeoutMs);
  }

  /** No call enters any more; those that are here go on. */
  end(): void {
    this.#deadlines.end();
  }

  /** Rejects every caller that the predicate accepts, the longest waiting first. */
  reject(error: unknown, predicate: (caller: Caller<T, Call>) => boolean): void {
    for (const { item } of this.#places) if (predicate(item)) item.reject(error);
  }
}

/**
 * One waiting call. It is settled once: when it is served or rejected, at its deadline, or by its signal. Whether it is in a
 * queue is a separate matter: a caller that is being served is in none, and may be put back.
 */
export class Caller<T, Call = undefined> implements Abortable, Linked<Caller<T, Call>> {
  readonly call: Call;
  readonly timeoutMs: number;
  /** The place in line: queues are sorted by it, so that a caller that is put back loses nothing. */
  readonly order: number;
  /** What the application waits for. An early call has its connection already. */
  readonly outcome: Eventual<T> = new Eventual();
  /** Its place among all that wait; used by `WaitingCalls` alone. */
  readonly place: Place<Caller<T, Call>> = new Place(this as Caller<T, Call>);

  /** The queue that the caller is in; written by `WaitQueue` alone. */
  queue: WaitQueue<T, Call> | undefined;
  /** The neighbours in `queue`. */
  previous: Caller<T, Call> | undefined;
  next: Caller<T, Call> | undefined;

  readonly #calls: WaitingCalls<T, Call>;
  readonly #abortWatch: AbortWatch | undefined;
  /** When it started to wait, on the pool's clock. */
  readonly #since: number;

  constructor(calls: WaitingCalls<T, Call>, order: number, { call, timeoutMs, signal }: CallOptions<Call>) {
    this.order = order;
    this.call = call;
    this.timeoutMs = timeoutMs;
    this.#calls = calls;
    this.#since = calls.clock.now();
    this.#abortWatch = signal && new AbortWatch(signal, this);
  }

  get settled(): boolean {
    return this.outcome.isSettled;
  }

  /** The signal has aborted. */
  aborted(reason: unknown): void {
    this.#giveUp("abort", reason);
  }

  /** The deadline has passed. */
  expire(): void {
    this.#giveUp("timeout", this.#calls.host.timeoutError(this));
  }

  /** How long it has waited so far. */
  get waitedMs(): number {
    return this.#calls.clock.now() - this.#since;
  }

  /** Serves the caller. False if it is settled already: the value still belongs to the pool. */
  resolve(value: T): boolean {
    return this.#end({ status: "fulfilled", value });
  }

  /** Ends the wait with an error. False if it is settled already. */
  reject(error: unknown): boolean {
    return this.#end({ status: "rejected", reason: error });
  }

  #giveUp(why: "timeout" | "abort", error: unknown): void {
    if (this.reject(error)) this.#calls.host.gaveUp(this, why);
  }

  #end(outcome: PromiseSettledResult<T>): boolean {
    if (this.settled) return false;
    this.#abortWatch?.end();
    this.queue?.remove(this);
    this.#calls.left(this);
    this.outcome.settle(outcome);
    return true;
  }
}

/**
 * Callers in the order in which they started to wait. A caller is in one queue at most and leaves it automatically when it is
 * settled, so every caller in a queue can be served.
 */
export class WaitQueue<T, Call = undefined> {
  /** Sorted by `order`. */
  readonly #callers = new LinkedList<Caller<T, Call>>();
  #size = 0;
  readonly #onEmpty: (() => void) | undefined;

  /** `onEmpty` is called whenever the last caller leaves. */
  constructor(onEmpty?: () => void) {
    this.#onEmpty = onEmpty;
  }

  get size(): number {
    return this.#size;
  }

  /** The longest-waiting caller that the predicate accepts; it stays in the queue. */
  first(predicate?: (caller: Caller<T, Call>) => boolean): Caller<T, Call> | undefined {
    return predicate ? this.#callers.findFirst(predicate) : this.#callers.first;
  }

  /** Takes out the longest-waiting caller that the predicate accepts. */
  shift(predicate?: (caller: Caller<T, Call>) => boolean): Caller<T, Call> | undefined {
    const caller = this.first(predicate);
    if (caller) this.remove(caller);
    return caller;
  }

  /** Adds a caller, or puts one back at its old place. A settled one is not added. */
  add(caller: Caller<T, Call>): void {
    if (caller.settled) return;
    if (caller.queue) throw new Error("Cannot queue a caller: it is already in a queue");
    caller.queue = this;
    this.#callers.insert(caller, this.#firstAfter(caller));
    this.#size++;
  }

  /** Removes a caller. False if it is not in this queue. */
  remove(caller: Caller<T, Call>): boolean {
    if (caller.queue !== this) return false;
    this.#callers.remove(caller);
    caller.queue = undefined;
    this.#size--;
    if (this.#size === 0) this.#onEmpty?.();
    return true;
  }

  /** Searches from the back for a newcomer and from the front for one that is put back: each is near its place. */
  #firstAfter({ order }: Caller<T, Call>): Caller<T, Call> | undefined {
    const { last } = this.#callers;
    if (!last || last.order < order) return undefined;
    return this.first((other) => other.order > order);
  }
}

/** A queue per key (a link's id or a client's name); an empty queue takes no memory. */
export class KeyedWaitQueue<T, Call = undefined> {
  readonly #queues = new Map<string, WaitQueue<T, Call>>();

  /** How many keys have callers that wait for them. */
  get size(): number {
    return this.#queues.size;
  }

  /** The number of callers for each of these keys. */
  *sizes(): Iterable<[key: string, size: number]> {
    for (const [key, { size }] of this.#queues) yield [key, size];
  }

  /** Adds a caller to the queue of its key, or puts one back at its old place. A settled one is not added. */
  add(key: string, caller: Caller<T, Call>): void {
    if (caller.settled) return;
    let queue = this.#queues.get(key);
    if (!queue) this.#queues.set(key, queue = new WaitQueue(() => this.#queues.delete(key)));
    queue.add(caller);
  }

  /** The longest-waiting caller for the key that the predicate accepts; it stays in the queue. */
  first(key: string, predicate?: (caller: Caller<T, Call>) => boolean): Caller<T, Call> | undefined {
    return this.#queues.get(key)?.first(predicate);
  }

  /** Takes out the longest-waiting caller for the key. */
  shift(key: string): Caller<T, Call> | undefined {
    return this.#queues.get(key)?.shift();
  }
}

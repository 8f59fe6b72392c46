import { PoolExhaustedError } from "../errors.ts";
import { Place } from "../memory/place.ts";
import type { Clock } from "../time/clock.ts";
import { Deadlines } from "../time/deadlines.ts";

/** What one call waits for, and how long. */
export interface CallOptions<Call> {
  /** What the call is for; only the pool reads it. */
  call: Call;
  /** How long it waits, in milliseconds; Infinity waits for ever. */
  timeoutMs: number;
  signal?: AbortSignal;
  /** Makes the error when the deadline passes. The caller is still counted then: the message shows the pool as it stood. */
  timeoutError: (caller: { readonly waitedMs: number }) => Error;
  /** Told, after the caller is settled and gone from its queue, that nobody served it in time. */
  onGiveUp?: (why: "timeout" | "abort") => void;
}

/** All calls of one pool that wait, whatever for: one count, one bound, one end. */
export class WaitingCalls<T, Call = undefined> {
  readonly #places = new Set<Place<Caller<T, Call>>>();
  readonly #clock: Clock;
  readonly #maxWaiters: number;
  readonly #deadlines: Deadlines<Place<Caller<T, Call>>>;
  #entered = 0;

  constructor(clock: Clock, maxWaiters: number) {
    this.#clock = clock;
    this.#maxWaiters = maxWaiters;
    this.#deadlines = new Deadlines(clock, ({ item }) => item.expire());
  }

  /** How many are not settled, those that are in no queue included. */
  get size(): number {
    return this.#places.size;
  }

  /**
   * Begins to wait: the deadline runs and the signal is heard from here on. Put the caller in a queue, or keep it while a take
   * is under way.
   *
   * @throws {PoolExhaustedError} As many wait already as are allowed.
   * @throws The signal's reason, when it is aborted already.
   */
  enter(options: CallOptions<Call>): Caller<T, Call> {
    options.signal?.throwIfAborted();
    if (this.#places.size >= this.#maxWaiters) {
      throw new PoolExhaustedError(
        `Cannot wait: ${this.#places.size} calls wait already, as many as maxWaiters allows`,
      );
    }
    const { timeoutMs } = options;
    const leave = () => this.#leave(place, timeoutMs);
    const caller: Caller<T, Call> = new Caller(this.#clock, this.#entered++, options, leave);
    const place = new Place(caller);
    this.#places.add(place);
    this.#deadlines.add(place, timeoutMs);
    return caller;
  }

  /** Rejects every caller that the predicate takes, the longest waiting first. */
  reject(error: unknown, predicate: (caller: Caller<T, Call>) => boolean): void {
    for (const { item } of this.#places) if (predicate(item)) item.reject(error);
  }

  #leave(place: Place<Caller<T, Call>>, timeoutMs: number): void {
    place.leave();
    this.#places.delete(place);
    this.#deadlines.delete(place, timeoutMs);
  }
}

/**
 * One waiting call. It is settled once: served, rejected, at its deadline, or by its signal. Whether it stands in a queue is
 * another matter: a caller that is being served stands in none and may be put back.
 */
export class Caller<T, Call = undefined> {
  readonly call: Call;
  /** What the application awaits. */
  readonly promise: Promise<T>;
  /** When it began to wait, on the pool's clock. */
  readonly since: number;
  /** The place in line: queues are sorted by it, so that a caller that is put back loses nothing. */
  readonly order: number;

  /** Where the caller stands; written by `WaitQueue` alone. */
  queue: WaitQueue<T, Call> | undefined;
  /** The neighbours in `queue`; written by `WaitQueue` alone. */
  previous: Caller<T, Call> | undefined;
  next: Caller<T, Call> | undefined;

  readonly #clock: Clock;
  readonly #options: CallOptions<Call>;
  readonly #onSettled: () => void;
  readonly #settle: PromiseWithResolvers<T> = Promise.withResolvers();
  readonly #abort = () => this.#giveUp("abort", this.#options.signal?.reason);
  #settled = false;

  constructor(
    clock: Clock,
    order: number,
    options: CallOptions<Call>,
    onSettled: () => void,
  ) {
    this.order = order;
    this.#clock = clock;
    this.#options = options;
    this.#onSettled = onSettled;
    this.call = options.call;
    this.promise = this.#settle.promise;
    this.since = clock.now();
    options.signal?.addEventListener("abort", this.#abort, { once: true });
  }

  get settled(): boolean {
    return this.#settled;
  }

  /** The deadline has passed. */
  expire(): void {
    this.#giveUp("timeout", this.#options.timeoutError(this));
  }

  /** How long it has waited until now. */
  get waitedMs(): number {
    return this.#clock.now() - this.since;
  }

  /** Serves the caller. False when it is settled already: the value is still the pool's. */
  resolve(value: T): boolean {
    const isFirst = this.#end();
    if (isFirst) this.#settle.resolve(value);
    return isFirst;
  }

  /** Ends the wait with an error. False when it is settled already. */
  reject(error: unknown): boolean {
    const isFirst = this.#end();
    if (isFirst) this.#settle.reject(error);
    return isFirst;
  }

  #giveUp(why: "timeout" | "abort", error: unknown): void {
    if (this.reject(error)) this.#options.onGiveUp?.(why);
  }

  #end(): boolean {
    if (this.#settled) return false;
    this.#settled = true;
    this.#options.signal?.removeEventListener("abort", this.#abort);
    this.queue?.remove(this);
    this.#onSettled();
    return true;
  }
}

/**
 * Callers in the order in which they began to wait. A caller stands in one queue at most, and leaves it by itself when it is
 * settled, so every caller in a queue can be served.
 */
export class WaitQueue<T, Call = undefined> {
  /** Sorted by `order`, from `#first` by `next` and from `#last` by `previous`. */
  #first: Caller<T, Call> | undefined;
  #last: Caller<T, Call> | undefined;
  #size = 0;
  readonly #onEmpty: (() => void) | undefined;

  /** `onEmpty` is called whenever the last caller leaves. */
  constructor(onEmpty?: () => void) {
    this.#onEmpty = onEmpty;
  }

  get size(): number {
    return this.#size;
  }

  /** Who has waited longest of those that the predicate takes; it stays in the queue. */
  first(predicate?: (caller: Caller<T, Call>) => boolean): Caller<T, Call> | undefined {
    let caller = this.#first;
    while (caller && predicate && !predicate(caller)) caller = caller.next;
    return caller;
  }

  /** Takes out who has waited longest of those that the predicate takes. */
  shift(predicate?: (caller: Caller<T, Call>) => boolean): Caller<T, Call> | undefined {
    const caller = this.first(predicate);
    if (caller) this.remove(caller);
    return caller;
  }

  /** Adds a caller, or puts one back at its old place. One that is settled stays out. */
  add(caller: Caller<T, Call>): void {
    if (caller.settled) return;
    if (caller.queue) throw new Error("Cannot queue a caller: it stands in a queue already");
    const next = this.#firstAfter(caller);
    caller.queue = this;
    this.#join(next ? next.previous : this.#last, caller);
    this.#join(caller, next);
    this.#size++;
  }

  /** Takes one caller out. False when it does not stand here. */
  remove(caller: Caller<T, Call>): boolean {
    if (caller.queue !== this) return false;
    this.#join(caller.previous, caller.next);
    caller.queue = caller.previous = caller.next = undefined;
    this.#size--;
    if (this.#size === 0) this.#onEmpty?.();
    return true;
  }

  /** Looks from the back for a newcomer, from the front for one that is put back: either is next to its place. */
  #firstAfter({ order }: Caller<T, Call>): Caller<T, Call> | undefined {
    if (!this.#last || this.#last.order < order) return undefined;
    return this.first((other) => other.order > order);
  }

  #join(left: Caller<T, Call> | undefined, right: Caller<T, Call> | undefined): void {
    if (left) left.next = right;
    else this.#first = right;
    if (right) right.previous = left;
    else this.#last = left;
  }
}

/** A queue for each key, a link's id or a client's name; a queue that is empty takes no memory. */
export class KeyedWaitQueue<T, Call = undefined> {
  readonly #queues = new Map<string, WaitQueue<T, Call>>();

  /** How many keys are waited for. */
  get size(): number {
    return this.#queues.size;
  }

  /** How many wait for each key that is waited for. */
  *sizes(): Iterable<[key: string, size: number]> {
    for (const [key, { size }] of this.#queues) yield [key, size];
  }

  /** Adds a caller to the queue of its key, or puts one back at its old place. One that is settled stays out. */
  add(key: string, caller: Caller<T, Call>): void {
    if (caller.settled) return;
    let queue = this.#queues.get(key);
    if (!queue) this.#queues.set(key, queue = new WaitQueue(() => this.#queues.delete(key)));
    queue.add(caller);
  }

  /** Who has waited longest for the key, of those that the predicate takes; it stays in the queue. */
  first(key: string, predicate?: (caller: Caller<T, Call>) => boolean): Caller<T, Call> | undefined {
    return this.#queues.get(key)?.first(predicate);
  }

  /** Takes out who has waited longest for the key. */
  shift(key: string): Caller<T, Call> | undefined {
    return this.#queues.get(key)?.shift();
  }
}

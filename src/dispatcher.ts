import type { Clock } from "./clock.ts";
import { LinkConnection, type PoolConnection } from "./connection.ts";
import { type PoolClosedError, PoolTimeoutError } from "./errors.ts";
import type { Link } from "./link/link.ts";
import { LinkStore } from "./link_store.ts";
import type { Counters, PoolStats } from "./stats.ts";
import { type Caller, KeyedWaitQueue, WaitingCalls, WaitQueue } from "./wait_queue.ts";

/** What a call asks for: any idle link, of one peer where it is named, or the link with an id. */
export type Want = { readonly kind: "any"; readonly peer: string | undefined } | {
  readonly kind: "id";
  readonly id: string;
};

/** How long a call waits. */
export interface Patience {
  /** Milliseconds; Infinity waits for ever. */
  readonly timeoutMs: number;
  readonly signal: AbortSignal | undefined;
}

/** The pool, as its dispatcher sees it. */
export interface DispatcherHost {
  readonly clock: Clock;
  readonly counters: Counters;
  stats(): PoolStats;
  /** Why a link could not be had of late, for the message of a call that waited in vain. */
  lastDialFailure(): unknown;
  /** A call begins to wait. */
  callWaits(): void;
}

/**
 * Brings calls and idle links together: a call takes a link that is there, or waits in line for the next one. Whoever gave up
 * left the line in that moment, so a link always goes to somebody who still wants it.
 */
export class Dispatcher {
  /** The idle links. */
  readonly store = new LinkStore();
  readonly #host: DispatcherHost;
  readonly #calls: WaitingCalls<PoolConnection, Want>;
  readonly #forAny = new WaitQueue<PoolConnection, Want>();
  readonly #forId = new KeyedWaitQueue<PoolConnection, Want>();
  #closedWith: PoolClosedError | undefined;

  constructor(host: DispatcherHost, maxWaiters: number) {
    this.#host = host;
    this.#calls = new WaitingCalls(host.clock, maxWaiters);
  }

  /** All calls that wait. */
  get waiting(): number {
    return this.#calls.size;
  }

  /** Calls that any link would serve. */
  get waitingForAny(): number {
    return this.#forAny.size;
  }

  /** Gets a connection; rejects as `Pool.incomingGet` and `Pool.outgoingGet` say. */
  // deno-lint-ignore require-await -- every failure rejects
  async get(want: Want, patience: Patience): Promise<PoolConnection> {
    if (this.#closedWith) throw this.#closedWith;
    if (patience.signal?.aborted) {
      this.#host.counters.aborts++;
      throw patience.signal.reason;
    }
    const link = want.kind === "id" ? this.store.byId(want.id) : this.store.freshest(want.peer);
    return link ? this.#connect(link) : this.#wait(want, patience);
  }

  /** Gives an idle link to whoever waits for it, else keeps it. */
  offer(link: Link): void {
    const caller = this.#forId.shift(link.id) ?? this.#forAny.shift(({ want }) => isServedBy(want, link));
    if (!caller) return this.store.add(link);
    this.#host.counters.waitMsTotal += caller.waitedMs;
    caller.resolve(this.#connect(link));
  }

  /** Rejects all calls, those to come too. */
  close(error: PoolClosedError): void {
    this.#closedWith = error;
    this.#calls.rejectAll(error);
  }

  #connect(link: Link): PoolConnection {
    this.store.remove(link);
    const stream = link.take();
    this.#host.counters.taken++;
    return new LinkConnection(link, stream, this.#host.clock);
  }

  #wait(want: Want, { timeoutMs, signal }: Patience): Promise<PoolConnection> {
    const caller = this.#calls.enter({
      want,
      timeoutMs,
      signal,
      timeoutError: (late) => this.#timeoutError(want, late.waitedMs),
      onGiveUp: (why) => why === "timeout" ? this.#host.counters.timeouts++ : this.#host.counters.aborts++,
    });
    this.#enqueue(caller);
    this.#host.callWaits();
    return caller.promise;
  }

  #enqueue(caller: Caller<PoolConnection, Want>): void {
    if (caller.want.kind === "id") this.#forId.add(caller.want.id, caller);
    else this.#forAny.add(caller);
  }

  #timeoutError(want: Want, waitedMs: number): PoolTimeoutError {
    const stats = this.#host.stats();
    const cause = this.#host.lastDialFailure();
    const failure = cause instanceof Error ? `; last dial failure: ${cause.message}` : "";
    const { idle, inUse, dialing, waiting } = stats;
    const message = `${inVain(want)} within ${Math.round(waitedMs)} ms ` +
      `(idle ${idle}, in use ${inUse}, dialing ${dialing}, waiting ${waiting}${failure})`;
    return new PoolTimeoutError(message, waitedMs, stats, { cause });
  }
}

function isServedBy(want: Want, link: Link): boolean {
  return want.kind === "any" && (want.peer === undefined || want.peer === link.peer);
}

function inVain(want: Want): string {
  if (want.kind === "id") return `Cannot get link ${want.id}: not offered by the peer`;
  const whose = want.peer === undefined ? "" : ` of ${want.peer}`;
  return `Cannot get a link${whose}: none became idle`;
}

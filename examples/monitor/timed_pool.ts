import type { Pool, PoolConnection } from "@npws/pool";
import { TakeTimes } from "./take_times.ts";

/** The key under which a timed pool keeps its times. */
export const TAKE_TIMES: unique symbol = Symbol("take times");

/** What a timed pool has in addition. */
export interface Timed {
  readonly [TAKE_TIMES]: TakeTimes;
}

/** Calls that take a link. `accept` is not one of them: how long it waits is up to the peer. */
const TAKES: ReadonlySet<PropertyKey> = new Set<keyof Pool>(["open", "incomingGet", "outgoingGet"]);

/**
 * Wraps the pool so that the takes through it with `open`, `incomingGet` and `outgoingGet` are timed; the pool itself is not
 * changed. The pool's statistics sum up the waiting time of all calls, including `accept`, so they cannot tell how long a
 * take took.
 */
export function timed<TimedPool extends Pool>(pool: TimedPool): TimedPool & Timed {
  const times = new TakeTimes();
  const proxy = new Proxy(pool, {
    // The pool itself is the receiver: the proxy does not have its private members.
    get(_target, key) {
      if (key === TAKE_TIMES) return times;
      const value = Reflect.get(pool, key);
      if (typeof value !== "function" || key === "constructor") return value;
      return TAKES.has(key) ? timedTake(value.bind(pool), times) : value.bind(pool);
    },
  });
  return proxy as TimedPool & Timed;
}

type Take = (...args: unknown[]) => Promise<PoolConnection>;

function timedTake(take: Take, times: TakeTimes): Take {
  return async (...args) => {
    const startedAt = performance.now();
    const connection = await take(...args);
    times.record(performance.now() - startedAt);
    return connection;
  };
}

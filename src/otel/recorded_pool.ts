import type { PoolConnection } from "../connection/connection.ts";
import type { Pool } from "../pool/pool.ts";
import type { Recorder } from "./recorder.ts";

const GETS: ReadonlySet<PropertyKey> = new Set<keyof Pool>(["incomingGet", "outgoingGet", "open", "accept"]);
const LOOPS: ReadonlySet<PropertyKey> = new Set<keyof Pool>(["incoming", "accepted"]);

/**
 * The pool with its gets recorded. A proxy leaves the pool itself unchanged, keeps its class and whatever else a role has, and
 * costs nothing where it is not used.
 */
export function recordedPool<RecordedPool extends Pool>(pool: RecordedPool, recorder: Recorder): RecordedPool {
  const methods = new Map<PropertyKey, Method>();
  return new Proxy(pool, {
    // Reads from the pool itself: its private members do not exist on the proxy.
    get(_target, key) {
      const value = Reflect.get(pool, key);
      if (typeof value !== "function" || key === "constructor") return value;
      const method = methods.get(key) ?? record(key, value.bind(pool), recorder);
      methods.set(key, method);
      return method;
    },
  });
}

type Method = (...args: unknown[]) => unknown;

function record(key: PropertyKey, method: Method, recorder: Recorder): Method {
  if (GETS.has(key)) {
    return (...args) => recorder.get(String(key), () => method(...args) as Promise<PoolConnection>);
  }
  if (LOOPS.has(key)) return (...args) => recorder.each(method(...args) as AsyncIterable<PoolConnection>);
  return method;
}

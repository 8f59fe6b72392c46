import { AbortWatch } from "../abort_watch.ts";
import type { PoolConnection } from "../connection/connection.ts";
import type { CallSettings } from "../dispatch/call.ts";
import { PoolClosedError } from "../errors.ts";

type Next = (settings: CallSettings) => PoolConnection | Promise<PoolConnection>;

/** Yields one connection after another, waiting for each without a timeout, until the signal aborts or the pool closes. */
export function eachConnection(signal: AbortSignal | undefined, next: Next): AsyncIterableIterator<PoolConnection> {
  const returned = new AbortController();
  // Its listener stays: if the caller gives no signal, none is added to this one and removed for each connection.
  new AbortWatch(returned.signal, { aborted() {} });
  const loop = loopUntil(signal ? AbortSignal.any([signal, returned.signal]) : returned.signal, next);
  const endLoop = loop.return.bind(loop);
  return Object.assign(loop, {
    return(value?: unknown) {
      returned.abort(); // ends the pending call, which would otherwise block the generator's return forever
      return endLoop(value);
    },
  });
}

async function* loopUntil(signal: AbortSignal, next: Next): AsyncGenerator<PoolConnection> {
  while (!signal.aborted) {
    try {
      yield await next({ timeoutMs: Infinity, signal, early: false });
    } catch (error) {
      if (signal.aborted || error instanceof PoolClosedError) return;
      throw error;
    }
  }
}

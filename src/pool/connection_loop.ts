import type { PoolConnection } from "../connection/connection.ts";
import type { CallSettings } from "../dispatch/call.ts";
import { PoolClosedError } from "../errors.ts";

/** One connection after another, each waited for as long as it takes, until the signal aborts or the pool closes. */
export async function* eachConnection(
  signal: AbortSignal | undefined,
  next: (settings: CallSettings) => Promise<PoolConnection>,
): AsyncIterableIterator<PoolConnection> {
  while (!signal?.aborted) {
    try {
      yield await next({ timeoutMs: Infinity, signal, early: false });
    } catch (error) {
      if (signal?.aborted || error instanceof PoolClosedError) return;
      throw error;
    }
  }
}

import type { Pool, PoolStats } from "@npws/pool";
import { delay } from "@std/async/delay";

/** How long a pool may take to come to rest, in milliseconds. */
const REST_TIMEOUT_MS = 1_000;

/** The statistics once all links are idle: a link is idle again when both sides have told each other that they are done. */
export async function statsAtRest(pool: Pool): Promise<PoolStats> {
  const giveUpAt = performance.now() + REST_TIMEOUT_MS;
  for (;;) {
    const stats = pool.stats();
    if (stats.idle === stats.links || performance.now() > giveUpAt) return stats;
    await delay(5);
  }
}

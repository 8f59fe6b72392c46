/**
 * Logs the statistics of a pool at intervals: current gauges, and the increase of the counters since the last line.
 *
 * deno run -A examples/stats_logging.ts
 */
import { ClientPool, type Pool, type PoolStats, ServerPool } from "@npws/pool";
import { setTimeout as delay } from "node:timers/promises";

await using server = new ServerPool({ hostname: "127.0.0.1" });
await server.start();
await using client = new ClientPool({ url: `ws://127.0.0.1:${server.address.port}`, minCapacity: 4 });
await client.start();
{
  using _clientLog = logStats("client", client, 200);
  using _serverLog = logStats("server", server, 200);
  for (let number = 1; number <= 10; number++) {
    await sendOne(100_000 * number);
    await delay(50);
  }
}

/** Logs a line at each interval, and a last one when it is disposed. */
function logStats(name: string, pool: Pool, intervalMs: number): Disposable {
  let before = pool.stats();
  const log = () => {
    const now = pool.stats();
    console.log(`${name}: ${describe(now, before)}`);
    before = now;
  };
  const timer = setInterval(log, intervalMs);
  return {
    [Symbol.dispose]() {
      clearInterval(timer);
      log();
    },
  };
}

function describe(now: PoolStats, before: PoolStats): string {
  const gained = (name: "taken" | "dialed" | "dialFailures" | "bytesRead" | "bytesWritten" | "waitMsTotal") =>
    now[name] - before[name];
  const taken = gained("taken");
  const meanWaitMs = taken > 0 ? gained("waitMsTotal") / taken : 0;
  return [
    `idle ${now.idle}/${now.capacity}, in use ${now.inUse}, waiting ${now.waiting}`,
    `taken +${taken} (${meanWaitMs.toFixed(1)} ms each)`,
    `dialed +${gained("dialed")}, failed +${gained("dialFailures")}`,
    `read +${gained("bytesRead")} B, written +${gained("bytesWritten")} B`,
  ].join("; ");
}

/** Some traffic: the server sends the given number of bytes over a connection, and the client reads them. */
async function sendOne(bytes: number): Promise<void> {
  await using ours = await server.open();
  await using theirs = await client.accept();
  const writer = ours.writable.getWriter();
  const written = writer.write(new Uint8Array(bytes)).then(() => writer.close());
  await theirs.readable.pipeTo(new WritableStream()); // reads everything and keeps nothing
  await written;
}

/**
 * Watches the error rate of a pool: compares the errors since the last check with a limit. Here a server goes away, which
 * raises the alarm, and comes back.
 *
 * deno run -A examples/error_rate.ts
 */
import { ClientPool, type Pool, ServerPool } from "@npws/pool";
import { setTimeout as delay } from "node:timers/promises";

const INTERVAL_MS = 500;
const LIMIT = 3;

let server = new ServerPool({ hostname: "127.0.0.1" });
await server.start();
const { port } = server.address;

// The short pause between dials is for this example only: the default is up to 5 seconds.
const client = new ClientPool({ url: `ws://127.0.0.1:${port}`, maxBackoffMs: 50 });
client.addEventListener(
  "dialerror",
  ({ detail }) => console.log(`dial ${detail.attempt} failed: ${detail.error.message}`),
);
await client.start();

// The application can have its own failures counted as well.
client.addError();
console.log(`The application counted ${errorsSinceLastLook(client)} error`);

await server.close();
while (await errorsInNextInterval(client) <= LIMIT);
console.log(
  `Alarm: more than ${LIMIT} errors in ${INTERVAL_MS} ms; the latest was: ${client.stats().lastError?.message}`,
);

server = new ServerPool({ hostname: "127.0.0.1", port });
await server.start();
while (await errorsInNextInterval(client) > 0);
console.log(`Recovered, idle links: ${client.active}`);

await client.close();
await server.close();

async function errorsInNextInterval(pool: Pool): Promise<number> {
  await delay(INTERVAL_MS);
  const errors = errorsSinceLastLook(pool);
  console.log(`${errors} errors in the last ${INTERVAL_MS} ms`);
  return errors;
}

/** Reads the count and resets it to 0 in the same turn, so that no error in between is missed. */
function errorsSinceLastLook(pool: Pool): number {
  const { errorCount } = pool;
  pool.resetError();
  return errorCount;
}

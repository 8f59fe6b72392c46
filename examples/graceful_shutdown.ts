/**
 * Shuts a server down gracefully. At SIGINT (Ctrl-C) or SIGTERM it stops admitting clients, lets the connections in use
 * finish, and aborts only those that take too long.
 *
 * deno run -A examples/graceful_shutdown.ts
 */
import { ClientPool, type PoolConnection, ServerPool } from "@npws/pool";
import process from "node:process";
import { setTimeout as delay } from "node:timers/promises";

const stop = new AbortController();
const signalName = new Promise<string>((resolve) => {
  for (const name of ["SIGINT", "SIGTERM"]) {
    process.once(name, () => {
      resolve(name);
      stop.abort();
    });
  }
});

const server = new ServerPool({ hostname: "127.0.0.1" });
await server.start();

// A client, here in the same process, prints what it receives over one connection.
const client = new ClientPool({ url: `ws://127.0.0.1:${server.address.port}` });
await client.start();
const ticking = tick(await server.open(), stop.signal);
const heard = print(await client.accept());

console.log(`Process ${process.pid} runs until SIGINT or SIGTERM`);
console.log(`${await signalName}: waiting for ${server.stats().inUse} connection in use`);
await server.close({ drainMs: 5_000 });
console.log(`Closed, ${server.stats().links} links are left`);

await Promise.all([ticking, heard]);
await client.close();

/** Sends ticks to the client until the signal aborts, then says goodbye, which is what the server waits for. */
async function tick({ writable }: PoolConnection, signal: AbortSignal): Promise<void> {
  const writer = writable.getWriter();
  for (let count = 1; !signal.aborted; count++) {
    await writer.write(new TextEncoder().encode(`tick ${count}\n`));
    await delay(100);
  }
  await writer.write(new TextEncoder().encode("goodbye\n"));
  await writer.close();
}

/** Prints everything that arrives, then closes its own side of the connection. */
async function print(connection: PoolConnection): Promise<void> {
  await using _ = connection;
  const texts = connection.readable.pipeThrough(new TextDecoderStream());
  for await (const text of texts) process.stdout.write(`client heard ${text}`);
}

/**
 * Spreads connections over several servers: a pool for each server, and three ways to choose one of the pools.
 *
 * deno run -A examples/load_balancing.ts
 */
import { ClientPool, type PoolConnection, PoolTimeoutError, ServerPool } from "@npws/pool";

// Three servers, here all in this process, and a client pool for each.
const servers = await Promise.all(["a", "b", "c"].map(startServer));
const pools = await Promise.all(servers.map(startClient));

const nextInTurn = roundRobin(pools);
await show("Round robin", () => nextInTurn().open());

const long = await Promise.all([1, 2, 3].map(() => pools[0].open())); // server a is busy with something that takes long
await show("Least in use while a is busy", () => leastInUse(pools).open());
await closeAll(long);

await servers[0].close();
await show("Failover when a is gone", () => openFirst(pools));

await closeAll([...pools, ...servers]);

/** Each pool in turn. */
function roundRobin(pools: ClientPool[]): () => ClientPool {
  let turn = 0;
  return () => pools[turn++ % pools.length];
}

/** The pool with the fewest connections in use; the first of them if there are several. */
function leastInUse(pools: ClientPool[]): ClientPool {
  return pools.reduce((best, pool) => pool.stats().inUse < best.stats().inUse ? pool : best);
}

/** A connection from the first pool that provides one in time: the pools are in order of preference. */
async function openFirst(pools: ClientPool[]): Promise<PoolConnection> {
  const failures: unknown[] = [];
  for (const pool of pools) {
    try {
      return await pool.open({ timeoutMs: 100 });
    } catch (error) {
      if (!(error instanceof PoolTimeoutError)) throw error;
      failures.push(error);
    }
  }
  throw new AggregateError(failures, "Cannot open a connection: all servers failed");
}

/** Opens four connections, prints which servers answer, and closes them. */
async function show(policy: string, open: () => Promise<PoolConnection>): Promise<void> {
  const connections: PoolConnection[] = [];
  while (connections.length < 4) connections.push(await open());
  const names = await Promise.all(connections.map(({ readable }) => new Response(readable).text()));
  console.log(`${policy}: ${names.join(" ")}`);
  await closeAll(connections);
}

async function startServer(name: string): Promise<ServerPool> {
  const pool = new ServerPool({ hostname: "127.0.0.1" });
  await pool.start();
  tellName(pool, name);
  return pool;
}

/** Sends the server's name over each connection that is opened to it. */
async function tellName(pool: ServerPool, name: string): Promise<void> {
  for await (const { writable } of pool.accepted()) {
    const writer = writable.getWriter();
    await writer.write(new TextEncoder().encode(name));
    await writer.close();
  }
}

async function startClient(server: ServerPool): Promise<ClientPool> {
  const pool = new ClientPool({ url: `ws://127.0.0.1:${server.address.port}` });
  await pool.start();
  return pool;
}

async function closeAll(open: { close(): Promise<void> }[]): Promise<void> {
  await Promise.all(open.map((each) => each.close()));
}

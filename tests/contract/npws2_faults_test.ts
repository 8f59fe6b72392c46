import { assert, assertEquals } from "@std/assert";
import type { ClientPoolOptions, Pool, PoolConnection, PoolOptions } from "@npws/pool";
import { test } from "../harness.ts";
import { eventually } from "./eventually.ts";
import { exchange } from "./npws2_bulk.ts";
import { pairs } from "./npws2_pairs.ts";
import { RemotePool } from "./npws2_remote.ts";
import { clientPool, type Pools, serverPool, until, urlOf } from "./pools.ts";
import { FaultProxy } from "../fault/fault_proxy.ts";

const linkCount = 4;
const client = { minCapacity: linkCount, maxCapacity: linkCount, maxBackoffMs: 200 };
/** Longer than a busy machine keeps a process waiting. */
const heartbeat = { keepAliveMs: 400, heartbeatTimeoutMs: 600 };

/** The pool is full, and each of its links carries a stream to the peer's echo and back. */
async function assertFull(pool: Pool): Promise<void> {
  await eventually(() => pool.active >= linkCount);
  const connections = await Promise.all(Array.from({ length: linkCount }, () => pool.open()));
  await Promise.all(connections.map((connection) => exchange(connection, crypto.randomUUID())));
}

/** What was handed out is alive: the peer fetches it and answers. */
async function assertAnswers(connection: PoolConnection, remote: RemotePool): Promise<void> {
  const { stream } = await remote.call("outgoingGet", connection.id);
  await remote.call("write", stream, "alive");
  await remote.call("endWriting", stream);
  assertEquals(await new Response(connection.readable).text(), "alive");
  await connection.close();
}

for (const pair of pairs) {
  const { name, side, open } = pair;

  test(`npws/2 faults of ${name}: a killed process is noticed, and the pool is full again when another one comes`, async () => {
    await using opened = await open({ client });
    const { local, remote } = opened;
    await eventually(() => local.active === linkCount);
    remote.kill("SIGKILL");
    await until(local, ({ links }) => links === 0);
    const waiting = local.incomingGet();
    await using successor = new RemotePool(pair.remoteRuntime);
    if (side === "server") await successor.call("dial", { url: urlOf(local as Pools["server"]), ...client });
    else await successor.call("serve", { port: opened.port });
    await assertAnswers(await waiting, successor);
    successor.call("echo");
    await assertFull(local);
  });

  test(`npws/2 faults of ${name}: the links of a stopped process are dropped, and the pool is full again when it goes on`, async () => {
    const options = { client: { ...client, ...heartbeat }, server: heartbeat };
    await using opened = await open(options);
    const { local, remote } = opened;
    await eventually(() => local.active === linkCount);
    remote.kill("SIGSTOP");
    await until(local, ({ links }) => links === 0);
    assertEquals(local.stats().lost, linkCount);
    const waiting = local.incomingGet();
    remote.kill("SIGCONT");
    await assertAnswers(await waiting, remote);
    remote.call("echo");
    await assertFull(local);
  });

  test(`npws/2 faults of ${name}: without a heartbeat the proof of life keeps a stopped process's links from callers`, async () => {
    const off = { keepAliveMs: 0 };
    await using opened = await open({ client: { ...client, ...off, minCapacity: 1, maxCapacity: 1 }, server: off });
    const { local, remote } = opened;
    remote.kill("SIGSTOP");
    let isServed = false;
    const waiting = local.incomingGet().finally(() => isServed = true);
    await until(local, ({ deadOnTake }) => deadOnTake > 0);
    assertEquals(isServed, false);
    remote.kill("SIGCONT");
    await assertAnswers(await waiting, remote);
    assert(local.stats().deadOnTake >= 1);
  });
}

/** A client that reaches its server through a proxy. */
async function startBehindProxy(shared: PoolOptions, clientOptions: Partial<ClientPoolOptions> = {}) {
  const server = serverPool(shared);
  await server.start();
  const proxy = await FaultProxy.listen(server.address.port);
  const pool = clientPool({ url: proxy.url, dialTimeoutMs: 500, ...client, ...shared, ...clientOptions });
  await pool.start();
  await until(server, ({ idle }) => idle === pool.capacity);
  const echoes = [server, pool].map(async (one) => {
    for await (const { readable, writable } of one.accepted()) readable.pipeTo(writable).catch(() => {});
  });
  return {
    server,
    client: pool,
    proxy,
    async [Symbol.asyncDispose]() {
      await Promise.all([server.close({ drainMs: 0 }), pool.close({ drainMs: 0 }), proxy[Symbol.asyncDispose]()]);
      await Promise.all(echoes);
    },
  };
}

test("npws/2 faults: where packets are dropped both sides drop their links, and both pools are full again after it", async () => {
  await using net = await startBehindProxy(heartbeat);
  net.proxy.block();
  const both = [net.client, net.server];
  await Promise.all(both.map((pool) => until(pool, ({ links }) => links === 0)));
  const waiting = both.map((pool) => pool.open());
  net.proxy.unblock();
  for (const connection of await Promise.all(waiting)) await exchange(connection, "through again");
  await Promise.all(both.map(assertFull));
});

for (const side of ["client", "server"] as const) {
  test(`npws/2 faults: where packets are dropped and no heartbeat is sent, the ${side} hands no dead link out`, async () => {
    await using net = await startBehindProxy({ keepAliveMs: 0 }, { minCapacity: 1, maxCapacity: 1 });
    net.proxy.block();
    const waiting = net[side].open();
    await until(net[side], ({ deadOnTake }) => deadOnTake === 1);
    // A server cannot dial, and a client that hears nothing does not know yet that its link is dead.
    const other = side === "server" ? net.client.open() : undefined;
    net.proxy.unblock();
    await exchange(await waiting, "through again");
    if (other) await exchange(await other, "through again");
  });
}

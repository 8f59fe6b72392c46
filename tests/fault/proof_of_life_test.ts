import { assert, assertEquals } from "@std/assert";
import { eventually } from "../contract/eventually.ts";
import { exchange } from "../contract/npws2_bulk.ts";
import { pairs } from "../contract/npws2_pairs.ts";
import { clientPool, serverPool, until } from "../contract/pools.ts";
import { test } from "../harness.ts";
import { FaultProxy } from "./fault_proxy.ts";
import { fewerPeerRuntimes } from "./long.ts";

/** Options of a pool that sends no heartbeats, and of a client pool with a single link. */
const noHeartbeat = { keepAliveMs: 0 };
const oneLink = { minCapacity: 1, maxCapacity: 1, dialTimeoutMs: 500, maxBackoffMs: 200 };

/** A client that reaches its server through a proxy. Both echo what they receive. */
async function startBehindProxy() {
  const server = serverPool(noHeartbeat);
  await server.start();
  const proxy = await FaultProxy.listen(server.address.port);
  const client = clientPool({ url: proxy.url, ...noHeartbeat, ...oneLink });
  await client.start();
  await until(server, ({ idle }) => idle === 1);
  const echoes = [server, client].map(async (one) => {
    for await (const { readable, writable } of one.accepted()) readable.pipeTo(writable).catch(() => {});
  });
  return {
    server,
    client,
    proxy,
    async [Symbol.asyncDispose]() {
      await Promise.all([server.close({ drainMs: 0 }), client.close({ drainMs: 0 }), proxy[Symbol.asyncDispose]()]);
      await Promise.all(echoes);
    },
  };
}

for (const side of ["client", "server"] as const) {
  test(`faults: where packets are dropped and no heartbeat is sent, the ${side} hands no dead link out`, async () => {
    await using net = await startBehindProxy();
    net.proxy.block();
    const waiting = net[side].open();
    await until(net[side], ({ deadOnTake }) => deadOnTake === 1);
    // A server cannot dial, and a client that receives nothing does not yet know that its link is dead.
    const other = side === "server" ? net.client.open() : undefined;
    net.proxy.unblock();
    await exchange(await waiting, "through again");
    if (other) await exchange(await other, "through again");
  });
}

for (const { name, remoteRuntime, open } of pairs) {
  if (!fewerPeerRuntimes.includes(remoteRuntime)) continue;

  test(`faults of ${name}: without a heartbeat no link of a stopped process is handed out`, async () => {
    await using pair = await open({ client: { ...noHeartbeat, ...oneLink }, server: noHeartbeat });
    const { local, remote } = pair;
    await eventually(() => local.active === 1);
    remote.call("echo");
    remote.kill("SIGSTOP");
    let isServed = false;
    const waiting = local.open().finally(() => isServed = true);
    await until(local, ({ deadOnTake }) => deadOnTake > 0);
    assertEquals(isServed, false);
    remote.kill("SIGCONT");
    await exchange(await waiting, "alive again");
    assert(local.stats().deadOnTake >= 1);
  });
}

import { assertEquals } from "@std/assert";
import type { ClientPoolOptions, PoolConnection, ServerPoolOptions } from "@npws/pool";
import { eventually } from "../contract/eventually.ts";
import { exchange } from "../contract/npws2_bulk.ts";
import { until } from "../contract/pools.ts";
import { runtimeName, test } from "../harness.ts";
import { type Front, startFront } from "./front.ts";
import { type ProxyKind, proxyKinds } from "./proxies.ts";

/** How long the proxies let a link be silent, in seconds. */
const SILENCE_S = 3;

/** One link in use and two idle ones. */
const size = { minCapacity: 2, maxCapacity: 2 };

const beating = { keepAliveMs: 500 };
const silent = { keepAliveMs: 0 };

for (const kind of proxyKinds) {
  test(
    `${kind.name}: heartbeats of either side keep links that the proxy else drops, and those are replaced`,
    async () => {
      await using fromClient = await startQuiet(kind, beating, silent);
      await using fromServer = await startQuiet(kind, silent, beating);
      await using pinged = await startQuiet(kind, { ...beating, protocol: 1 }, silent);
      // Started last: once its links have been dropped, the others would have been silent for longer, were it not for
      // heartbeats.
      await using dropped = await startQuiet(kind, silent, silent);

      const broken = await dropped.connection.closed.catch((error) => error);
      assertEquals([broken.name, broken.code], ["ConnectionLostError", 1006]);
      await until(dropped.client, ({ lost, idle }) => lost === 2 && idle === 2);
      await eventually(async () => {
        const { idle, links, lost } = await dropped.server.call("stats");
        return idle === 2 && links === 2 && lost === 2;
      });
      await exchange(await dropped.client.open(), "replaced");

      for (const { client, server } of [fromClient, fromServer, pinged]) {
        const { lost, dialed, idle, inUse } = client.stats();
        assertEquals({ lost, dialed, idle, inUse }, { lost: 0, dialed: 3, idle: 2, inUse: 1 });
        assertEquals((await server.call("stats")).lost, 0);
      }
      for (const { connection } of [fromClient, fromServer]) await exchange(connection, "still here");
    },
    { skip: !kind.isAvailable },
  );
}

/** Pools with a stream that is as silent as the idle links. */
async function startQuiet(
  kind: ProxyKind,
  client: Partial<ClientPoolOptions>,
  server: ServerPoolOptions,
): Promise<Front & { connection: PoolConnection }> {
  const serverRuntime = runtimeName === "deno" ? "bun" : "deno";
  const front = await startFront(kind, { serverRuntime, client: { ...size, ...client }, server, silenceS: SILENCE_S });
  await front.server.call("echo");
  const connection = client.protocol === 1 ? await front.client.incomingGet() : await front.client.open();
  await until(front.client, ({ idle }) => idle === 2);
  return { ...front, connection };
}

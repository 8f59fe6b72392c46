import { assert, assertEquals } from "@std/assert";
import { type ClientPoolOptions, ConnectionLostError } from "@npws/pool";
import { eventually } from "../contract/eventually.ts";
import { exchange } from "../contract/npws2_bulk.ts";
import { until } from "../contract/pools.ts";
import { runtimeName, test } from "../harness.ts";
import { type Front, startFront } from "./front.ts";
import { Load } from "./load.ts";
import { proxyKinds } from "./proxies.ts";

/** Fewer links than the load has streams, so that each link is used. */
const LINKS = 6;

for (const kind of proxyKinds) {
  /** Runs a test on a pool with `LINKS` idle links. */
  const onFront = (
    claim: string,
    options: { shutdownS?: number; client?: Partial<ClientPoolOptions> },
    run: (front: Front) => Promise<void>,
  ) =>
    test(`${kind.name}: ${claim}`, async () => {
      const serverRuntime = runtimeName === "deno" ? "bun" : "deno";
      const client = { minCapacity: LINKS, maxCapacity: LINKS, ...options.client };
      await using front = await startFront(kind, { ...options, serverRuntime, client });
      await front.server.call("echo");
      await until(front.client, ({ idle }) => idle === LINKS);
      await run(front);
    }, { skip: !kind.isAvailable });

  onFront(
    "reloads under load fail no take and break no stream, and old workers end with their links",
    { client: { maxStreamsPerLink: 30 } },
    async ({ client, proxy }) => {
      await using load = new Load(client);
      for (let reloads = 0; reloads < 3; reloads++) {
        await load.exchanged(50);
        await proxy.reload();
        await load.exchanged(50);
        await proxy.workerEnded();
      }
      await load[Symbol.asyncDispose]();
      assertEquals([load.failedTakes, load.broken, client.stats().lost], [[], [], 0]);
    },
  );

  onFront(
    "a reload that drops links under load fails no take, and the pools agree on the new ones",
    { shutdownS: 1 },
    async ({ client, server, proxy }) => {
      await using load = new Load(client);
      await load.exchanged(50);
      await proxy.reload();
      await proxy.workerEnded();
      await load.exchanged(50);
      await load[Symbol.asyncDispose]();
      assertEquals(load.failedTakes, []);
      assert(load.broken.every((error) => error instanceof ConnectionLostError), String(load.broken));
      await eventually(async () => {
        const { idle, links } = await server.call("stats");
        return client.active === LINKS && idle === LINKS && links === LINKS;
      });
    },
  );

  onFront(
    "callers get new links when a reload dropped all that were idle",
    { shutdownS: 1 },
    async ({ client, server, proxy }) => {
      await proxy.reload();
      await proxy.workerEnded();
      const opened = await Promise.all(Array.from({ length: LINKS }, () => client.open()));
      await Promise.all(opened.map((connection) => exchange(connection, crypto.randomUUID())));
      assertEquals([client.stats().lost + client.stats().deadOnTake, (await server.call("stats")).lost], [
        LINKS,
        LINKS,
      ]);
    },
  );
}

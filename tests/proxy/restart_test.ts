import { exchange } from "../contract/npws2_bulk.ts";
import { RemotePool } from "../contract/npws2_remote.ts";
import { until } from "../contract/pools.ts";
import { runtimeName, test } from "../harness.ts";
import { startFront } from "./front.ts";
import { proxyKinds } from "./proxies.ts";

const LINKS = 4;

for (const kind of proxyKinds) {
  test(`${kind.name}: links go with the server behind it, and come back with the next one`, async () => {
    const serverRuntime = runtimeName === "deno" ? "bun" : "deno";
    const size = { minCapacity: LINKS, maxCapacity: LINKS, maxBackoffMs: 200 };
    await using front = await startFront(kind, { serverRuntime, client: size });
    const { client, server, port } = front;
    await until(client, ({ idle }) => idle === LINKS);
    server.kill("SIGKILL");
    await until(client, ({ links }) => links === 0);
    await using successor = new RemotePool(serverRuntime);
    await successor.call("serve", { path: "/links", port });
    await until(client, ({ idle }) => idle === LINKS);
    await successor.call("echo");
    await exchange(await client.open(), "back again");
  }, { skip: !kind.isAvailable });
}

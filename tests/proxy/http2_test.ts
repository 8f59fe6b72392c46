import { assertEquals } from "@std/assert";
import { clientPool, serverPool, transports } from "../contract/pools.ts";
import { test } from "../harness.ts";
import { linksUrl } from "./front.ts";
import { clientTls } from "./identity.ts";
import { proxyKinds } from "./proxies.ts";

for (const { name: proxyName, isAvailable, standBefore } of proxyKinds) {
  for (const { name: socketName, options } of transports) {
    test(`${proxyName} that speaks HTTP/2 as well lets links of ${socketName} through`, async () => {
      await using server = serverPool();
      await server.start();
      await using proxy = await standBefore({ pool: server.address.port, offersHttp2: true });
      await using client = clientPool({ url: linksUrl(proxy), tls: clientTls, ...options });
      await client.start();
      assertEquals(client.stats().dialFailures, 0);
    }, { skip: !isAvailable });
  }
}

import { assertEquals } from "@std/assert";
import { test } from "../harness.ts";
import { clientPool, serverPool, transports, urlOf } from "./pools.ts";

for (const { name, options } of transports) {
  test(`dialing with ${name}: the URL's query, which may hold a secret, is told to nobody when it fails`, async () => {
    const server = serverPool();
    await server.start();
    const url = urlOf(server);
    await server.close();
    await using client = clientPool({ url: `${url}/links?key=secret`, ...options });
    const told = new Promise<string>((resolve) =>
      client.addEventListener("dialerror", ({ detail }) => resolve(detail.error.message), { once: true })
    );
    client.start();
    assertEquals((await told).split(": ")[0], `Cannot dial ${url}/links?…`);
    assertEquals(client.stats().lastError?.message, await told);
  });
}

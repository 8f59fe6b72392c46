import { assertEquals } from "@std/assert";
import { inspect } from "node:util";
import { test } from "../harness.ts";
import { clientPool, nextEvent, serverPool, transports, urlOf } from "./pools.ts";

for (const { name, options } of transports) {
  test(`dialing with ${name}: the URL's query, which may hold a secret, is told to nobody when it fails`, async () => {
    const server = serverPool();
    await server.start();
    const url = urlOf(server);
    await server.close();
    await using client = clientPool({ url: `${url}/links?key=secret`, ...options });
    const failed = nextEvent(client, "dialerror");
    client.start();
    const { error } = await failed;
    assertEquals(error.message.split(": ")[0], `Cannot dial ${url}/links?…`);
    assertEquals(client.stats().lastError?.message, error.message);
    // A log shows the error's causes too.
    assertEquals(inspect(error, { depth: Infinity }).includes("secret"), false);
  });
}

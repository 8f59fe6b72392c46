import { assertEquals } from "@std/assert";
import type { ClientPool, NetAddress, ServerPool, ServerPoolOptions } from "@npws/pool";
import { clientPool, nextEvent, serverPool } from "../contract/pools.ts";
import { runtimeName, test } from "../harness.ts";
import { linksUrl } from "./front.ts";
import { clientTls } from "./identity.ts";
import { PROXY_ADDRESS, type ProxyKind, proxyKinds } from "./proxies.ts";

/** The address that the client claims to have. */
const CLAIMED_ADDRESS = "192.0.2.7";

for (const kind of proxyKinds) {
  const onAddresses = (claim: string, run: () => Promise<void>) =>
    test(`${kind.name}: ${claim}`, run, { skip: !kind.isAvailable });

  onAddresses("a client has the address that a trusted proxy tells, not the one that it claims", async () => {
    let seen: NetAddress | undefined;
    const authorize: ServerPoolOptions["authorize"] = (_, { remoteAddress }) => {
      seen = remoteAddress;
      return true;
    };
    const options = { allow: "127.0.0.1", trustedProxies: PROXY_ADDRESS, authorize };
    await behind(kind, options, async ({ client }) => {
      await client.start();
      assertEquals(seen, { hostname: "127.0.0.1", port: 0, transport: "tcp" });
    });
  });

  onAddresses("a client that claims an address that is allowed is refused", async () => {
    const options = { allow: CLAIMED_ADDRESS, trustedProxies: PROXY_ADDRESS };
    await behind(kind, options, async ({ client, server, url }) => {
      client.start();
      const [{ error }, { reason, remoteAddress }] = await Promise.all([
        nextEvent(client, "dialerror"),
        nextEvent(server, "refuse"),
      ]);
      assertEquals(error.message, `Cannot dial ${url}: server answered 403 Forbidden`);
      assertEquals([reason, remoteAddress], ["forbidden", { hostname: "127.0.0.1", port: 0, transport: "tcp" }]);
    });
  });

  onAddresses("every client has the address of a proxy that is not trusted", async () => {
    await behind(kind, { allow: ["127.0.0.1", CLAIMED_ADDRESS] }, async ({ client, server }) => {
      client.start();
      assertEquals((await nextEvent(server, "refuse")).remoteAddress?.hostname, PROXY_ADDRESS);
    });
    await behind(kind, { allow: PROXY_ADDRESS }, ({ client }) => client.start());
  });

  onAddresses("a connection has the addresses of its own TCP connection, which ends at the proxy", async () => {
    await behind(kind, { trustedProxies: PROXY_ADDRESS }, async ({ client, server, url }) => {
      await client.start();
      const [here, there] = await Promise.all([client.open(), server.accept()]);
      assertEquals(there.remoteAddress?.hostname, PROXY_ADDRESS);
      const proxy = { hostname: "127.0.0.1", port: Number(new URL(url).port), transport: "tcp" };
      assertEquals(here.remoteAddress, runtimeName === "deno" ? proxy : undefined); // Bun's socket does not expose it
      assertEquals([here.tls?.authorized, there.tls], [true, undefined]);
      await Promise.all([here.close(), there.close()]);
    });
  });
}

/** Runs a test on a client that claims another address, and on a server behind a proxy. */
async function behind(
  kind: ProxyKind,
  options: ServerPoolOptions,
  run: (pools: { client: ClientPool; server: ServerPool; url: string }) => Promise<void>,
): Promise<void> {
  await using server = serverPool(options);
  await server.start();
  await using proxy = await kind.standBefore({ pool: server.address.port });
  const headers = { "X-Forwarded-For": CLAIMED_ADDRESS };
  const url = linksUrl(proxy);
  await using client = clientPool({ url, tls: clientTls, headers });
  await run({ client, server, url });
}

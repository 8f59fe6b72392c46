import { assertEquals } from "@std/assert";
import type { ServerPool, ServerPoolOptions } from "@npws/pool";
import { networkInterfaces } from "node:os";
import { test } from "../harness.ts";
import { type Answer, requestUpgrade, type UpgradeOptions } from "../npws1_peer.ts";
import { clientPool, nextEvent, serverPool, until, urlOf } from "./pools.ts";

/** Runs a test with a server pool that listens, and drops all connections to it at the end. */
async function withServer(
  options: ServerPoolOptions,
  run: (pool: ServerPool, ask: (options?: UpgradeOptions) => Promise<Answer>) => Promise<void>,
): Promise<void> {
  await using pool = serverPool(options);
  await pool.start();
  const { hostname, port } = pool.address;
  const answers: Answer[] = [];
  const ask = async (upgrade?: UpgradeOptions) => {
    const answer = await requestUpgrade(port, { hostname, ...upgrade });
    answers.push(answer);
    return answer;
  };
  try {
    await run(pool, ask);
  } finally {
    for (const { link } of answers) link.destroy();
  }
}

for (const path of ["/", "/?npws=2"]) {
  test(`admission to ${path}: 500 upgrades at once get exactly maxCapacity places`, () =>
    withServer({ maxCapacity: 37 }, async (pool, ask) => {
      const answers = await Promise.all(Array.from({ length: 500 }, () => ask({ path })));
      assertEquals(answers.filter(({ status }) => status === 101).length, 37);
      const refused = answers.filter(({ status }) => status === 503);
      assertEquals(refused.length, 463);
      assertEquals(new Set(refused.map(({ headers }) => headers.get("retry-after"))), new Set(["1"]));
      const { idle, dialing, links, refusedFull } = pool.stats();
      assertEquals([idle + dialing, links + dialing, refusedFull], [37, 37, 463]);
    }));

  test(`admission to ${path}: 500 upgrades at once get exactly maxLinks places`, () =>
    withServer({ maxCapacity: 1_000, maxLinks: 51 }, async (pool, ask) => {
      const answers = await Promise.all(Array.from({ length: 500 }, () => ask({ path })));
      assertEquals(answers.filter(({ status }) => status === 101).length, 51);
      assertEquals(pool.stats().refusedFull, 449);
    }));
}

test("admission: a link in use has no place among the idle ones, but one of maxLinks", () =>
  withServer({ maxCapacity: 1, maxLinks: 2 }, async (pool, ask) => {
    const statuses = [(await ask()).status, (await ask()).status];
    await pool.incomingGet();
    statuses.push((await ask()).status);
    await pool.incomingGet();
    statuses.push((await ask()).status);
    assertEquals(statuses, [101, 503, 101, 503]);
  }));

test("admission: the place of a link that is gone is free again", () =>
  withServer({ maxCapacity: 1 }, async (pool, ask) => {
    const { link } = await ask();
    await until(pool, ({ idle }) => idle === 1);
    link.destroy();
    await until(pool, ({ links }) => links === 0);
    assertEquals((await ask()).status, 101);
  }));

test("admission: an address that is not allowed gets 403, also where the pool is full", () =>
  withServer({ allow: ["10.0.0.0/8", "::1"], maxCapacity: 1 }, async (pool, ask) => {
    const refused = nextEvent(pool, "refuse");
    assertEquals((await ask()).status, 403);
    const { reason, remoteAddress } = await refused;
    assertEquals([reason, remoteAddress?.hostname, remoteAddress?.transport], ["forbidden", "127.0.0.1", "tcp"]);
    assertEquals(pool.stats().refusedForbidden, 1);
  }));

test("admission: an address is told apart before the pool says that it is full", () =>
  withServer({ allow: "127.0.0.1", trustedProxies: ["127.0.0.1"], maxCapacity: 1 }, async (_, ask) => {
    const from = (address: string) => ask({ headers: { "X-Forwarded-For": address } });
    assertEquals((await ask()).status, 101);
    assertEquals([(await from("192.0.2.1")).status, (await from("127.0.0.1")).status], [403, 503]);
  }));

test("admission: an address in an allowed network is let in", () =>
  withServer({ allow: "127.0.0.0/8" }, async (_, ask) => assertEquals((await ask()).status, 101)));

test("admission: behind trusted proxies the rightmost address that is none of them counts", () =>
  withServer({ allow: "192.0.2.0/24", trustedProxies: ["127.0.0.1", "10.0.0.0/8"] }, async (pool, ask) => {
    const status = async (forwardedFor: string) => (await ask({ headers: { "X-Forwarded-For": forwardedFor } })).status;
    assertEquals(await status("192.0.2.7"), 101);
    assertEquals(await status("203.0.113.1, 192.0.2.7, 10.1.2.3"), 101);
    assertEquals(await status("192.0.2.7, 203.0.113.1"), 403);
    const refused = nextEvent(pool, "refuse");
    assertEquals(await status("203.0.113.9, 10.0.0.1"), 403);
    assertEquals((await refused).remoteAddress, { hostname: "203.0.113.9", port: 0, transport: "tcp" });
    assertEquals(await status("not an address"), 403);
  }));

test("admission: X-Forwarded-For of somebody who is no trusted proxy is not believed", () =>
  withServer({ allow: "192.0.2.0/24" }, async (_, ask) => {
    assertEquals((await ask({ headers: { "X-Forwarded-For": "192.0.2.7" } })).status, 403);
  }));

test("admission: a request without one of the tokens gets 401", () =>
  withServer({ token: ["first", "second"] }, async (pool, ask) => {
    const refused = nextEvent(pool, "refuse");
    const { status, headers } = await ask();
    assertEquals([status, headers.get("www-authenticate")], [401, "Bearer"]);
    assertEquals((await refused).reason, "unauthorized");
    const withToken = async (authorization: string) =>
      (await ask({ headers: { Authorization: authorization } })).status;
    for (const wrong of ["Bearer firs", "Bearer first2", "Bearer ", "Basic first", "first"]) {
      assertEquals(await withToken(wrong), 401, wrong);
    }
    for (const right of ["Bearer first", "bearer second"]) assertEquals(await withToken(right), 101, right);
    assertEquals(pool.stats().refusedUnauthorized, 6);
  }));

test("admission: a client pool with the token is let in", async () => {
  await using server = serverPool({ token: "secret", protocol: 1 });
  await server.start();
  await using client = clientPool({ url: urlOf(server), token: "secret", protocol: 1 });
  await client.start();
  assertEquals((await server.incomingGet()).id, "00000000");
  await client.close({ drainMs: 0 });
});

test("admission: authorize() lets in with true alone, and sees request and address", async () => {
  const seen: string[] = [];
  const answers: Record<string, () => unknown> = {
    yes: () => true,
    later: () => Promise.resolve(true),
    no: () => false,
    truthy: () => "yes",
    nothing: () => undefined,
    rejects: () => Promise.reject(new Error("no database")),
    throws: () => {
      throw new Error("no database");
    },
  };
  const authorize: ServerPoolOptions["authorize"] = (request, { remoteAddress }) => {
    seen.push(`${request.headers.get("x-who")} from ${remoteAddress?.hostname}`);
    return answers[request.headers.get("x-who")!]() as boolean;
  };
  await withServer({ authorize }, async (pool, ask) => {
    const statuses: Record<string, number> = {};
    for (const who of Object.keys(answers)) statuses[who] = (await ask({ headers: { "X-Who": who } })).status;
    assertEquals(statuses, { yes: 101, later: 101, no: 401, truthy: 401, nothing: 401, rejects: 401, throws: 401 });
    assertEquals([pool.errorCount, pool.stats().lastError?.message], [2, "no database"]);
  });
  assertEquals(seen[0], "yes from 127.0.0.1");
});

test("admission: a web page's request gets 403 unless its origin is listed", () =>
  withServer({ origins: ["https://example.com"] }, async (_, ask) => {
    const from = async (origin: string) => (await ask({ headers: { Origin: origin } })).status;
    assertEquals(await from("https://example.com"), 101);
    for (const origin of ["https://example.com.evil.test", "http://example.com", "null"]) {
      assertEquals(await from(origin), 403, origin);
    }
    assertEquals((await ask()).status, 101);
  }));

test("admission: without origins every request of a web page gets 403", () =>
  withServer({}, async (_, ask) => assertEquals((await ask({ headers: { Origin: "http://localhost" } })).status, 403)));

test("admission: another path gets 404, and a request that is no upgrade 426", () =>
  withServer({ path: "/links" }, async (pool, ask) => {
    assertEquals((await ask({ path: "/" })).status, 404);
    assertEquals((await ask({ path: "/links/more" })).status, 404);
    assertEquals((await ask({ path: "/links?npws=1" })).status, 101);
    const response = await fetch(`http://127.0.0.1:${pool.address.port}/links`);
    assertEquals([response.status, response.headers.get("upgrade")], [426, "websocket"]);
    await response.body?.cancel();
  }));

test("admission: a Host header that makes the request's address no URL gets 400, and no place", () =>
  withServer({ maxCapacity: 1 }, async (pool, ask) => {
    assertEquals((await ask({ headers: { Host: "::1" } })).status, 400);
    assertEquals(pool.stats().dialing, 0);
    assertEquals((await ask()).status, 101);
  }));

const onIpv6 = { skip: !hasIpv6() };

test(
  "admission: a pool listens on IPv6 and knows its client's address",
  () =>
    withServer({ hostname: "::1", allow: "::1", protocol: 1 }, async (pool) => {
      assertEquals(pool.address.hostname, "::1");
      await using client = clientPool({ url: urlOf(pool), protocol: 1 });
      await client.start();
      assertEquals((await pool.incomingGet()).remoteAddress?.hostname, "::1");
      await client.close({ drainMs: 0 });
    }),
  onIpv6,
);

function hasIpv6(): boolean {
  return Object.values(networkInterfaces()).flat().some((address) => address?.address === "::1");
}

import { assert, assertEquals, assertMatch, assertRejects, assertStrictEquals } from "@std/assert";
import { PoolClosedError, type PoolConnection, PoolExhaustedError, PoolTimeoutError } from "@npws/pool";
import { test } from "../harness.ts";
import { dialNpws1 } from "../npws1_peer.ts";
import { clientPool, serverPool, startPools, until, urlOf } from "./pools.ts";
import { bytes, readExactly, write } from "./streams.ts";

for (const protocol of [1, 2] as const) {
  for (const [taker, fetcher] of [["client", "server"], ["server", "client"]] as const) {
    const title = `taking links of npws/${protocol}: the ${taker} takes any link`;

    test(`${title}, and the ${fetcher} fetches the same by its id`, async () => {
      await using pools = await startPools({ protocol });
      const taken = await pools[taker].incomingGet();
      const fetched = await pools[fetcher].outgoingGet(taken.id.toUpperCase());
      assertEquals([fetched.id, fetched.protocol, taken.protocol], [taken.id, protocol, protocol]);
      await Promise.all([write(taken, "question"), write(fetched, "answer")]);
      assertEquals(await readExactly(fetched, 8), bytes("question"));
      assertEquals(await readExactly(taken, 6), bytes("answer"));
    });

    test(`${title}, a hundred times at once, and no two callers get the same`, async () => {
      await using pools = await startPools({ protocol, client: { minCapacity: 20, maxCapacity: 100 } });
      const pairs = await Promise.all(Array.from({ length: 100 }, async () => {
        const taken = await pools[taker].incomingGet();
        return { taken, fetched: await pools[fetcher].outgoingGet(taken.id) };
      }));
      assertEquals(new Set(pairs.map(({ taken }) => taken.id)).size, 100);
      await Promise.all(pairs.map(({ taken }, index) => write(taken, Uint8Array.of(index))));
      const heard = await Promise.all(pairs.map(({ fetched }) => readExactly(fetched, 1)));
      assertEquals(heard.map(([index]) => index), [...pairs.keys()]);
    });
  }

  test(`taking links of npws/${protocol}: both sides wait for the first link by its id before it is there`, async () => {
    await using server = serverPool({ protocol });
    await server.start();
    await using client = clientPool({ url: urlOf(server), protocol });
    const waiting = [server.outgoingGet("00000000"), client.outgoingGet("00000000")];
    client.start();
    const [there, here] = await Promise.all(waiting);
    await write(there, "met");
    assertEquals(await readExactly(here, 3), bytes("met"));
    await client.close({ drainMs: 0 });
  });

  test(`taking links of npws/${protocol}: callers are served in the order in which they came`, async () => {
    await using server = serverPool({ protocol });
    await server.start();
    const served: number[] = [];
    const calls = Array.from({ length: 5 }, (_, index) => server.incomingGet().then(() => served.push(index)));
    await using client = clientPool({ url: urlOf(server), protocol, minCapacity: 5 });
    await Promise.all([client.start(), ...calls]);
    assertEquals(served, [0, 1, 2, 3, 4]);
    await client.close({ drainMs: 0 });
  });

  test(`taking links of npws/${protocol}: who gave up gets no link, and nobody loses one by it`, async () => {
    await using server = serverPool({ protocol });
    await server.start();
    const aborter = new AbortController();
    const first = server.incomingGet();
    const aborted = server.incomingGet({ signal: aborter.signal });
    const late = server.incomingGet({ timeoutMs: 1 });
    const last = server.incomingGet();
    const reason = new Error("changed my mind");
    aborter.abort(reason);
    assertStrictEquals(await assertRejects(() => aborted), reason);
    await assertRejects(() => late, PoolTimeoutError);
    await using client = clientPool({ url: urlOf(server), protocol, minCapacity: 3, maxCapacity: 3 });
    await client.start();
    const connections = await Promise.all([first, last]);
    connections.push(await server.incomingGet());
    assertEquals(new Set(connections.map(({ id }) => id)).size, 3);
    const { aborts, timeouts, waiting } = server.stats();
    assertEquals([aborts, timeouts, waiting], [1, 1, 0]);
    await client.close({ drainMs: 0 });
  });

  test(`taking links of npws/${protocol}: incoming() yields link after link until the pool closes`, async () => {
    await using pools = await startPools({ protocol, client: { minCapacity: 3 } });
    const ids: string[] = [];
    for await (const connection of pools.server.incoming()) {
      if (ids.push(connection.id) === 3) pools.server.close({ drainMs: 0 });
    }
    assertEquals(new Set(ids).size, 3);
  });

  test(`taking links of npws/${protocol}: incoming() ends when its signal aborts while it waits`, async () => {
    await using pools = await startPools({ protocol, client: { minCapacity: 1, maxCapacity: 1 } });
    const aborter = new AbortController();
    const loop = pools.client.incoming({ signal: aborter.signal });
    const taken: PoolConnection[] = [];
    for await (const connection of loop) {
      taken.push(connection);
      if (taken.length === 2) aborter.abort();
    }
    assertEquals(taken.length, 2);
    assertEquals(pools.client.stats().waiting, 0);
  });

  test(`taking links of npws/${protocol}: a link that was lost while idle is not handed out`, async () => {
    await using pools = await startPools({ protocol, client: { minCapacity: 4, maxCapacity: 4 } });
    const { server, client } = pools;
    await Promise.all([server, client].map((pool) => until(pool, ({ idle }) => idle === 4)));
    await client.flush();
    await Promise.all([server, client].map((pool) => until(pool, ({ idle, dialed }) => idle === 4 && dialed === 8)));
    const taken = await server.incomingGet();
    const fetched = await client.outgoingGet(taken.id);
    await write(taken, "lives");
    assertEquals(await readExactly(fetched, 5), bytes("lives"));
  });
}

test("taking links: a call that waited in vain tells what it waited for and how the pool stood", async () => {
  await using server = serverPool();
  await server.start();
  const link = await dialNpws1(server.address.port);
  const error = await assertRejects(() => server.outgoingGet("A1B2C3D4", { timeoutMs: 20 }), PoolTimeoutError);
  assertMatch(
    error.message,
    /^Cannot get link a1b2c3d4: not offered by the peer within \d+ ms \(idle 1, in use 0, dialing 0, waiting 1\)$/,
  );
  assert(error.waitedMs > 0);
  assertEquals([error.stats.idle, error.stats.waiting], [1, 1]);
  link.destroy();
});

test("taking links: a client that reaches no server tells why the last dial failed", async () => {
  await using server = serverPool();
  await server.start();
  const url = urlOf(server);
  await server.close();
  await using client = clientPool({ url });
  client.start();
  const error = await assertRejects(() => client.incomingGet({ timeoutMs: 100 }), PoolTimeoutError);
  assertMatch(error.message, /^Cannot get a link: none became idle within \d+ ms \(.*; last dial failure: /);
  assert(error.cause instanceof Error);
  assertStrictEquals(client.stats().lastError?.message, error.cause.message);
});

test("taking links: getTimeoutMs is how long a call waits that does not say it", async () => {
  await using server = serverPool({ getTimeoutMs: 10 });
  await server.start();
  const error = await assertRejects(() => server.incomingGet(), PoolTimeoutError);
  assertMatch(error.message, /^Cannot get a link: none became idle within /);
});

test("taking links: one caller more than maxWaiters is rejected, and the others wait on", async () => {
  await using server = serverPool({ maxWaiters: 2 });
  await server.start();
  const waiting = [server.incomingGet(), server.outgoingGet("00000001")];
  await assertRejects(() => server.incomingGet(), PoolExhaustedError);
  assertEquals(server.stats().waiting, 2);
  const rejected = waiting.map((call) => assertRejects(() => call, PoolClosedError));
  await server.close();
  await Promise.all(rejected);
});

test("taking links: a client's capacity grows while its links are taken, up to maxCapacity", async () => {
  await using pools = await startPools({
    client: { minCapacity: 1, maxCapacity: 6, minIntervalMs: 5, maxIntervalMs: 5 },
  });
  await until(pools.client, ({ idle }) => idle === 6);
  assertEquals([pools.client.capacity, pools.client.active], [6, 6]);
});

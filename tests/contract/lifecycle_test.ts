import { assert, assertEquals, assertRejects, assertStrictEquals, assertThrows } from "@std/assert";
import { type Pool, PoolClosedError, type PoolEventMap, type PoolStats } from "@npws/pool";
import { test } from "../harness.ts";
import { runToEnd } from "../run_to_end.ts";
import { clientPool, serverPool, startPools, until, urlOf } from "./pools.ts";
import { bytes, readExactly, readText, write, writeAndClose } from "./streams.ts";

for (const protocol of [1, 2] as const) {
  test(`life of pools on npws/${protocol}: start() once, and its promise again`, async () => {
    await using server = serverPool({ protocol });
    assertEquals(server.isReady, false);
    assertThrows(() => server.address, Error, "the pool is not listening");
    const started = server.start();
    assertStrictEquals(server.start(), started);
    await started;
    assertEquals([server.isReady, server.address.port > 0], [true, true]);
    await using client = clientPool({ url: urlOf(server), protocol });
    assertEquals(client.isReady, false);
    assertStrictEquals(client.start(), client.start());
    await client.start();
    assertEquals([client.isReady, client.active], [true, 1]);
    await client.close();
    await server.close();
    assertEquals([client.isReady, server.isReady], [false, false]);
  });

  test(`life of pools on npws/${protocol}: close() rejects who waits, and every call after it`, async () => {
    await using pools = await startPools({ protocol });
    for (const pool of [pools.server, pools.client]) {
      const waiting = assertRejects(() => pool.outgoingGet("ffffffff"), PoolClosedError);
      const closed = pool.close();
      assertStrictEquals(pool.close(), closed);
      await Promise.all([waiting, closed]);
      await assertRejects(() => pool.incomingGet(), PoolClosedError, "Cannot get a connection: the pool is closed");
      await assertRejects(() => pool.outgoingGet("00000000"), PoolClosedError);
      await assertRejects(() => pool.start(), PoolClosedError, "Cannot start pool: the pool is closed");
      await pool.flush();
      assertEquals((await Array.fromAsync(pool.incoming())).length, 0);
    }
  });

  test(`life of pools on npws/${protocol}: close() lets a stream in use end`, async () => {
    await using pools = await startPools({ protocol });
    const [here, there] = await takeBoth(pools);
    const closed = pools.server.close({ drainMs: 60_000 });
    await write(there, "still");
    assertEquals(await readExactly(here, 5), bytes("still"));
    await writeAndClose(here, "works");
    assertEquals(await readText(there), "works");
    if (protocol === 2) await there.writable.close();
    assertEquals(await readText(here), "");
    await Promise.all([closed, here.closed, there.closed]);
    assertEquals(pools.server.stats().links, 0);
  });

  test(`life of pools on npws/${protocol}: close({ drainMs: 0 }) breaks a stream in use on both sides`, async () => {
    await using pools = await startPools({ protocol });
    const [here, there] = await takeBoth(pools);
    await pools.server.close({ drainMs: 0 });
    await assertRejects(() => here.closed, PoolClosedError);
    await assertRejects(() => there.closed);
  });

  test(`life of pools on npws/${protocol}: flush() closes what is idle, and the client fills up again`, async () => {
    await using pools = await startPools({ protocol, client: { minCapacity: 3, maxCapacity: 3 } });
    const [here, there] = await takeBoth(pools);
    for (const pool of [pools.server, pools.client]) {
      const before = pool.stats().dialed;
      await Promise.all([pools.server, pools.client].map((each) => until(each, ({ idle }) => idle === 3)));
      await pool.flush();
      await until(pool, ({ idle, dialed }) => idle === 3 && dialed >= before + 3);
    }
    await write(here, "untouched");
    assertEquals(await readExactly(there, 9), bytes("untouched"));
  });

  test(`life of pools on npws/${protocol}: a client is full again after its server was started anew on its port`, async () => {
    const first = serverPool({ protocol });
    await first.start();
    await using client = clientPool({ url: urlOf(first), protocol, minCapacity: 5, maxCapacity: 5, maxBackoffMs: 100 });
    await client.start();
    await until(client, ({ idle }) => idle === 5);
    await first.close({ drainMs: 0 });
    await until(client, ({ links }) => links === 0);
    await using second = serverPool({ protocol, port: first.address.port });
    await second.start();
    const waiting = client.outgoingGet("00000000");
    await Promise.all([second, client].map((pool) => until(pool, ({ idle, inUse }) => idle + inUse >= 5)));
    assertEquals((await waiting).id, "00000000");
    await client.close({ drainMs: 0 });
  });

  test(`life of pools on npws/${protocol}: the gauges add up at each event, and a snapshot is frozen`, async () => {
    const server = serverPool({ protocol });
    await server.start();
    const client = clientPool({ url: urlOf(server), protocol, minCapacity: 4, maxCapacity: 4 });
    const snapshots: PoolStats[] = [];
    for (const pool of [server, client] as Pool[]) {
      for (const type of ["linkopen", "linkclose", "resize"] as const) {
        pool.addEventListener(type, () => snapshots.push(pool.stats()));
      }
    }
    await client.start();
    const [here, there] = await takeBoth({ server, client });
    await Promise.all([here.close(), there.close()]);
    await Promise.all([client.close(), server.close()]);
    snapshots.push(server.stats(), client.stats());
    for (const stats of snapshots) {
      const closing = stats.links - stats.idle - stats.inUse;
      assert(closing >= 0 && stats.idle >= 0 && stats.inUse >= 0, JSON.stringify(stats));
      assert(Object.isFrozen(stats));
    }
    assertEquals(snapshots.slice(-2).map(({ links, dialing, waiting }) => links + dialing + waiting), [0, 0]);
    assertEquals(server.stats().taken, 1);
  });

  test(`life of pools on npws/${protocol}: linkopen and linkclose tell of every link, with its id and end`, async () => {
    await using pools = await startPools({ protocol, client: { minCapacity: 2, maxCapacity: 2 } });
    const { server, client } = pools;
    await Promise.all([server, client].map((pool) => until(pool, ({ idle }) => idle === 2)));
    const closed: PoolEventMap["linkclose"]["detail"][] = [];
    server.addEventListener("linkclose", ({ detail }) => closed.push(detail));
    const opened: string[] = [];
    server.addEventListener("linkopen", ({ detail }) => opened.push(`${detail.protocol} ${detail.id}`));
    await client.flush();
    await until(server, ({ dialed, idle }) => dialed === 4 && idle === 2);
    assertEquals(
      closed.map(({ code, reason, inUse }) => [code, reason, inUse]),
      Array(2).fill([1000, "flushed", false]),
    );
    assertEquals(opened.length, 2);
    assert(opened.every((text) => /^[12] [0-9a-f]{8}$/.test(text) && text.startsWith(`${protocol}`)), `${opened}`);
  });
}

test("life of pools: close() before start() ends a pool that never was", async () => {
  const server = serverPool();
  await server.close();
  await assertRejects(() => server.start(), PoolClosedError);
  const client = clientPool({ url: "127.0.0.1:1", tls: "off" });
  await client.close();
  await assertRejects(() => client.start(), PoolClosedError);
});

test("life of pools: close() rejects a start() that has not come to a link", async () => {
  await using server = serverPool({ allow: "192.0.2.1" });
  await server.start();
  const client = clientPool({ url: urlOf(server) });
  const started = assertRejects(() => client.start(), PoolClosedError);
  await client.close();
  await started;
});

test("life of pools: the signal of start() closes the pool", async () => {
  await using server = serverPool({ allow: "192.0.2.1" });
  await server.start();
  const client = clientPool({ url: urlOf(server) });
  const reason = new Error("not today");
  const aborter = new AbortController();
  const started = client.start({ signal: aborter.signal });
  aborter.abort(reason);
  assertStrictEquals(await assertRejects(() => started), reason);
  await assertRejects(() => client.incomingGet(), PoolClosedError);
  await client.close();
});

test("life of pools: errorCount counts what failed, addError() too, until resetError()", async () => {
  await using server = serverPool();
  server.addError();
  server.addError();
  assertEquals(server.errorCount, 2);
  server.resetError();
  assertEquals(server.errorCount, 0);
});

test("life of pools: a client ages its links away and dials new ones", async () => {
  await using pools = await startPools({ client: { minCapacity: 2, maxCapacity: 2, maxLinkAgeMs: 1 } });
  await until(pools.client, ({ retired, dialed }) => retired >= 2 && dialed >= 4);
});

async function takeBoth({ server, client }: { server: Pool; client: Pool }) {
  const here = await server.incomingGet();
  return [here, await client.outgoingGet(here.id)] as const;
}

test("life of pools: a pool whose calls have ended does not keep the process alive", async () => {
  const { exitCode, output } = await runToEnd(new URL("idle_program.ts", import.meta.url));
  assertEquals([exitCode, output], [0, "no longer wanted\n"]);
});

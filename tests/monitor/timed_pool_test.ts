import { assertEquals, assertInstanceOf, assertRejects } from "@std/assert";
import { ClientPool, type PoolConnection, PoolTimeoutError } from "@npws/pool";
import { takeSample } from "../../examples/monitor/sample.ts";
import { TakeTimes } from "../../examples/monitor/take_times.ts";
import { TAKE_TIMES, timed } from "../../examples/monitor/timed_pool.ts";
import { startPools } from "../contract/pools.ts";
import { test } from "../harness.ts";

function countIn(times: TakeTimes): number {
  return times.snapshot().counts.reduce((sum, count) => sum + count, 0);
}

function close(...connections: PoolConnection[]): Promise<unknown> {
  return Promise.all(connections.map((connection) => connection.close()));
}

const places: [ms: number, index: number][] = [[0, 0], [0.1, 0], [0.11, 1], [12, 7], [30_000, 16], [30_001, 17]];

for (const [ms, index] of places) {
  test(`TakeTimes counts ${ms} ms in bucket ${index}`, () => {
    const times = new TakeTimes();
    times.record(ms);
    const { counts, boundsMs, sumMs } = times.snapshot();
    assertEquals([counts.indexOf(1), counts.length, sumMs], [index, boundsMs.length + 1, ms]);
  });
}

test("timed() times the calls that take a link, and not those that wait for the peer", async () => {
  await using pools = await startPools({ protocol: 2, client: { minCapacity: 2 } });
  const server = timed(pools.server);
  const client = timed(pools.client);
  await close(...await Promise.all([server.open(), client.accept()]));
  const taken = await server.incomingGet();
  await close(taken, await client.outgoingGet(taken.id));
  assertEquals([countIn(server[TAKE_TIMES]), countIn(client[TAKE_TIMES])], [2, 1]);
});

test("timed() times no call that fails", async () => {
  await using pools = await startPools({ protocol: 2 });
  const server = timed(pools.server);
  await assertRejects(() => server.outgoingGet("ffffffff", { timeoutMs: 1 }), PoolTimeoutError);
  assertEquals(countIn(server[TAKE_TIMES]), 0);
});

test("timed() is the pool in all else, and leaves the pool itself alone", async () => {
  await using pools = await startPools({ protocol: 2 });
  const client = timed(pools.client);
  assertInstanceOf(client, ClientPool);
  assertEquals([client.isReady, client.active, client.capacity], [true, 1, pools.client.capacity]);
  await close(...await Promise.all([pools.client.open(), pools.server.accept()]));
  assertEquals(countIn(client[TAKE_TIMES]), 0);
});

test("takeSample() has the times of the pools that are timed", async () => {
  await using pools = await startPools({ protocol: 2 });
  const server = timed(pools.server);
  const { pools: { north, south } } = takeSample({ north: server, south: pools.client });
  assertEquals(north, { ...pools.server.stats(), takes: server[TAKE_TIMES].snapshot() });
  assertEquals(south, pools.client.stats());
});

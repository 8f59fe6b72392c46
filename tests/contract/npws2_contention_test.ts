import { assert, assertEquals } from "@std/assert";
import type { Pool, PoolStats } from "@npws/pool";
import { test } from "../harness.ts";
import { eventually } from "./eventually.ts";
import { exchange } from "./npws2_bulk.ts";
import { pairs } from "./npws2_pairs.ts";
import { type Pools, startPools, until } from "./pools.ts";

/** Few links and many takers, so that both sides take the same link again and again. */
const linkCount = 4;
const takersPerSide = 8;
const streamsPerSide = 2_100;
const hourMs = 3_600_000;
/** An interval that never ends, so that no link is retired while the server takes it. */
const client = { minCapacity: linkCount, maxCapacity: linkCount, minIntervalMs: hourMs, maxIntervalMs: hourMs };

/** Runs `run` this many times, `takersPerSide` at a time. */
async function repeat(times: number, run: () => Promise<void>): Promise<void> {
  const worker = async () => {
    while (times-- > 0) await run();
  };
  await Promise.all(Array.from({ length: takersPerSide }, worker));
}

/** Echoes every stream that the peer opens, until the pool closes. */
async function echoAccepted(pool: Pool): Promise<void> {
  for await (const { readable, writable } of pool.accepted()) readable.pipeTo(writable).catch(() => {});
}

/** Takes any link, and has the other side fetch it and echo what is written to it. */
async function takeAndFetch(taker: Pool, fetcher: Pool): Promise<void> {
  const taken = await taker.incomingGet();
  const fetched = await fetcher.outgoingGet(taken.id);
  const echoed = fetched.readable.pipeTo(fetched.writable);
  await exchange(taken, crypto.randomUUID());
  await echoed;
}

/** Asserts that both sides have the same number of idle links and nothing else, and that none was lost on the way. */
async function assertAllIdle(read: () => Promise<PoolStats[]>): Promise<void> {
  const isQuiet = ({ inUse, dialing, idle, links }: PoolStats) => inUse === 0 && dialing === 0 && idle === links;
  await eventually(async () => {
    const [here, there] = await read();
    return isQuiet(here) && isQuiet(there) && here.idle === there.idle;
  });
  for (const { lost, dialFailures, timeouts } of await read()) assertEquals([lost, dialFailures, timeouts], [0, 0, 0]);
}

/** Asserts that the server knows every id that the client has; a link with any other id could never be fetched. */
async function assertSameIds({ client, server }: Pools): Promise<void> {
  await assertAllIdle(() => Promise.resolve([client.stats(), server.stats()]));
  const taken = await Promise.all(Array.from({ length: client.active }, () => client.incomingGet()));
  const fetched = await Promise.all(taken.map(({ id }) => server.outgoingGet(id, { timeoutMs: 0 })));
  assertEquals(fetched.map(({ id }) => id), taken.map(({ id }) => id));
}

test("npws/2 contention: both sides take any link at once, and each is fetched by its id", async () => {
  await using pools = await startPools({ protocol: 2, client });
  await until(pools.server, ({ idle }) => idle === linkCount);
  await Promise.all([
    repeat(streamsPerSide, () => takeAndFetch(pools.client, pools.server)),
    repeat(streamsPerSide, () => takeAndFetch(pools.server, pools.client)),
  ]);
  assert(pools.client.stats().deadOnTake > 0, "takes must have crossed");
  assertEquals(pools.server.stats().deadOnTake, 0, "the server's take stands");
  assertEquals([pools.client.stats().taken, pools.server.stats().taken], [2 * streamsPerSide, 2 * streamsPerSide]);
  await assertSameIds(pools);
});

for (const early of [false, true]) {
  test(`npws/2 contention: both sides open streams at once${early ? ", with early data" : ""}`, async () => {
    await using pools = await startPools({ protocol: 2, client });
    const sides = [pools.client, pools.server];
    const echoes = sides.map(echoAccepted);
    await Promise.all(sides.map((pool) =>
      repeat(streamsPerSide, async () => {
        await exchange(await pool.open({ early }), crypto.randomUUID());
      })
    ));
    assert(pools.client.stats().deadOnTake > 0, "takes must have crossed");
    await assertSameIds(pools);
    await Promise.all(sides.map((pool) => pool.close({ drainMs: 0 })));
    await Promise.all(echoes);
  });
}

test("npws/2 contention: opening, taking and fetching by id on both sides at once", async () => {
  await using pools = await startPools({ protocol: 2, client });
  const { client: here, server: there } = pools;
  const echoes = [echoAccepted(here), echoAccepted(there)];
  const open = (pool: Pool) => async () => exchange(await pool.open(), crypto.randomUUID());
  await Promise.all([
    repeat(streamsPerSide / 3, open(here)),
    repeat(streamsPerSide / 3, open(there)),
    repeat(streamsPerSide / 3, () => takeAndFetch(here, there)),
    repeat(streamsPerSide / 3, () => takeAndFetch(there, here)),
  ]);
  await assertSameIds(pools);
  await Promise.all([here.close({ drainMs: 0 }), there.close({ drainMs: 0 })]);
  await Promise.all(echoes);
});

for (const { name, open } of pairs) {
  test(`npws/2 contention of ${name}: both processes open streams at once`, async () => {
    await using pair = await open({ client });
    const { local, remote } = pair;
    remote.call("echo");
    const echoed = echoAccepted(local);
    await Promise.all([
      repeat(streamsPerSide, async () => exchange(await local.open(), crypto.randomUUID())),
      remote.call("openMany", streamsPerSide, takersPerSide),
    ]);
    const read = async () => [local.stats(), await remote.call("stats")];
    await assertAllIdle(read);
    for (const { taken } of await read()) assertEquals(taken, 2 * streamsPerSide);
    await local.close({ drainMs: 0 });
    await echoed;
  });
}

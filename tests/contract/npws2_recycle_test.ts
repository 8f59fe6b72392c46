import { assert, assertEquals } from "@std/assert";
import { test } from "../harness.ts";
import { eventually } from "./eventually.ts";
import { exchange } from "./npws2_bulk.ts";
import { type OpenPair, type Pair, pairs } from "./npws2_pairs.ts";
import { clientPool, nextEvent, serverPool, TimersByHand, until, urlOf } from "./pools.ts";

const linkCount = 8;

/** A pair with `linkCount` links, on which the speed of the machine has no influence. */
async function openWithLinks(pair: Pair): Promise<OpenPair> {
  const client = { minCapacity: linkCount, maxCapacity: linkCount };
  const opened = await pair.open({ client, timeStandsStill: true });
  await until(opened.local, ({ idle }) => idle === linkCount);
  await eventually(async () => (await opened.remote.call("stats")).idle === linkCount);
  opened.remote.call("echo");
  return opened;
}

/** Asserts that all streams used the initial links, and that those are idle again on both sides. */
async function assertRecycled({ local, remote }: OpenPair, streams: number): Promise<void> {
  await eventually(async () => local.active === linkCount && (await remote.call("stats")).idle === linkCount);
  const remoteStats = await remote.call("stats");
  for (const { dialed, recycled, taken, retired, lost, deadOnTake, links } of [local.stats(), remoteStats]) {
    assertEquals([dialed, recycled, taken], [linkCount, streams, streams]);
    assertEquals([retired, lost, deadOnTake, links], [0, 0, 0, linkCount]);
  }
}

for (const pair of pairs) {
  const count = pair.side === "client" ? 10_000 : 2_500;

  test(`npws/2 links of ${pair.name} used again: ${count} streams one after the other on ${linkCount} links`, async () => {
    await using opened = await openWithLinks(pair);
    const ids = new Set<string>();
    for (let number = 0; number < count; number++) {
      const connection = await opened.local.open();
      ids.add(connection.id);
      await exchange(connection, `stream ${number}`);
    }
    // Among so many random ids, two may be equal.
    assert(ids.size > count - 5, `${ids.size} ids`);
    await assertRecycled(opened, count);
  });

  test(`npws/2 links of ${pair.name} used again: four streams at a time on ${linkCount} links`, async () => {
    await using opened = await openWithLinks(pair);
    const open = async () => {
      for (let number = 0; number < 500; number++) await exchange(await opened.local.open(), crypto.randomUUID());
    };
    await Promise.all(Array.from({ length: 4 }, open));
    await assertRecycled(opened, 2_000);
  });

  test(`npws/2 links of ${pair.name} used again: maxStreamsPerLink replaces them between two streams`, async () => {
    const client = { minCapacity: 2, maxCapacity: 2, maxStreamsPerLink: 3 };
    await using opened = await pair.open({ client, timeStandsStill: true });
    const { local, remote } = opened;
    remote.call("echo");
    for (let number = 0; number < 60; number++) await exchange(await local.open(), `stream ${number}`);
    const stats = async () => [local.stats(), await remote.call("stats")];
    await eventually(async () => (await stats()).every(({ idle, links }) => idle === 2 && links === 2));
    const [here, there] = await stats();
    const [ofClient, ofServer] = pair.side === "client" ? [here, there] : [there, here];
    assertEquals([here.taken, there.taken, ofServer.retired], [60, 60, 0]);
    assert(ofClient.retired >= 19, `${ofClient.retired} of at least 19 links retired`);
    for (const { recycled, dialed, lost, dialFailures } of [here, there]) {
      assertEquals([recycled, dialed], [60 - ofClient.retired, 2 + ofClient.retired]);
      assertEquals([lost, dialFailures], [0, 0]);
    }
  });
}

test("npws/2 links used again: maxLinkAgeMs replaces idle links, and one in use when its stream is over", async () => {
  const clock = new TimersByHand();
  await using server = serverPool();
  await server.start();
  const age = { maxLinkAgeMs: 60_000, keepAliveMs: 0 };
  await using client = clientPool({ url: urlOf(server), minCapacity: 3, maxCapacity: 3, ...age }, { clock });
  await client.start();
  const [here, there] = await Promise.all([client.open(), server.accept()]);
  /** Moves the clock no faster than the dials that this causes. */
  const passSeconds = async (seconds: number) => {
    for (; seconds > 0; seconds--) {
      await clock.advance(1_000);
      await eventually(() => client.active === 3 && server.active === 3);
    }
  };
  await passSeconds(53);
  assertEquals(client.stats().retired, 0, "no link is younger than 90 % of the age");
  const closed = nextEvent(client, "linkclose");
  await passSeconds(14);
  const { code, inUse } = await closed;
  assertEquals([code, inUse], [1000, false]);
  assertEquals([client.stats().retired, client.stats().inUse], [3, 1]);
  const echoed = there.readable.pipeTo(there.writable);
  await exchange(here, "as if nothing had happened");
  await echoed;
  await until(client, ({ links }) => links === 3);
  const { retired, recycled, lost, dialFailures } = client.stats();
  assertEquals([retired, recycled, lost, dialFailures], [4, 0, 0, 0], "the link in use did not come back");
  await Promise.all([client, server].map((pool) => pool.close({ drainMs: 0 })));
});

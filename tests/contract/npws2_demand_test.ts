import type { PoolConnection } from "@npws/pool";
import { assert, assertEquals } from "@std/assert";
import { test } from "../harness.ts";
import { eventually } from "./eventually.ts";
import { exchange } from "./npws2_bulk.ts";
import { pairs } from "./npws2_pairs.ts";
import { takeLink } from "./npws2_raw.ts";
import { roles } from "./npws2_rigs.ts";
import { clientPool, serverPool, TimersByHand, until, urlOf } from "./pools.ts";

const callers = 500;
const minCapacity = 8;
const maxCapacity = 512;
const hourMs = 3_600_000;

/** A client whose own interval never ends, so that only demand makes it dial more links. */
const client = { minCapacity, maxCapacity, minIntervalMs: hourMs, maxIntervalMs: hourMs };
const server = { maxCapacity: 1_000 };

/** Makes the call of all callers at once. */
function all<Result>(call: () => Promise<Result>): Promise<Result[]> {
  return Promise.all(Array.from({ length: callers }, call));
}

async function assertDistinct(connections: PoolConnection[]): Promise<void> {
  assertEquals(new Set(connections.map(({ id }) => id)).size, callers);
  await Promise.all(connections.map((connection) => connection.close()));
}

for (const { name, side, open } of pairs) {
  test(`npws/2 demand of ${name}: ${callers} callers at once here are served, each by a link of its own`, async () => {
    await using pair = await open({ client, server });
    await assertDistinct(await all(() => pair.local.incomingGet()));
    const { dialed, timeouts, dialFailures } = pair.local.stats();
    assert(dialed >= callers, `${dialed} links`);
    assertEquals([timeouts, dialFailures], [0, 0]);
  });

  if (side === "client") continue;

  test(`npws/2 demand of ${name}: ${callers} callers at once open streams, which the client answers`, async () => {
    await using pair = await open({ client, server });
    pair.remote.call("echo");
    await all(async () => exchange(await pair.local.open(), crypto.randomUUID()));
    assertEquals(pair.local.stats().timeouts, 0);
  });
}

test("npws/2 demand: a client keeps within its maximum, and callers wait for links that come back", async () => {
  await using pool = serverPool(server);
  await pool.start();
  await using dialer = clientPool({ url: urlOf(pool), ...client, maxCapacity: 32 });
  await dialer.start();
  let most = 0;
  dialer.addEventListener("linkopen", () => most = Math.max(most, dialer.active));
  const echo = (async () => {
    for await (const { readable, writable } of dialer.accepted()) readable.pipeTo(writable).catch(() => {});
  })();
  await all(async () => exchange(await pool.open(), crypto.randomUUID()));
  assert(most <= 32, `${most} idle links`);
  await Promise.all([pool, dialer].map((one) => one.close({ drainMs: 0 })));
  await echo;
});

test("npws/2 demand: calls for one named client make no other client dial", async () => {
  await using pool = serverPool(server);
  await pool.start();
  const [asked, other] = ["edge-1", "edge-2"].map((name) =>
    clientPool({ url: urlOf(pool), ...client, minCapacity: 1, name })
  );
  await using _asked = asked!;
  await using _other = other!;
  await Promise.all([asked!.start(), other!.start()]);
  const connections = await Promise.all(Array.from({ length: 20 }, () => pool.open({ peer: "edge-1" })));
  assertEquals(connections.map(({ peer }) => peer), Array(20).fill("edge-1"));
  assertEquals(other!.stats().dialed, 1);
  assert(asked!.stats().dialed >= 20, `${asked!.stats().dialed} links`);
  await Promise.all([pool, asked!, other!].map((one) => one.close({ drainMs: 0 })));
});

const asServer = roles.find(({ side }) => side === "server")!;
const asClients = roles.filter(({ side }) => side === "client");

test("npws/2 demand of a server: is told at once, again when more wait, and every second, on the link heard last", async () => {
  const clock = new TimersByHand();
  await using rig = await asServer.open({ clock, pool: { keepAliveMs: 0 } });
  const [first, second] = [await rig.nextPeer(), await rig.nextPeer()];
  await until(rig.pool, ({ idle }) => idle === 2);
  for (const peer of [second, first]) await takeLink(rig.pool, peer);
  await clock.advance(5);
  await second.sync();
  const calls = new AbortController();
  const { signal } = calls;
  const waiting: Promise<unknown>[] = [rig.pool.incomingGet({ signal }), rig.pool.open({ signal })];
  await clock.advance(0);
  await second.expect("want 2");
  waiting.push(rig.pool.incomingGet({ signal }));
  await clock.advance(9);
  await second.sync();
  await clock.advance(1);
  await second.expect("want 3");
  await clock.advance(999);
  await second.sync();
  await clock.advance(1);
  await second.expect("want 3");
  await first.sync();
  calls.abort();
  await Promise.allSettled(waiting);
  await clock.advance(5_000);
  await second.sync();
});

for (const role of asClients) {
  test(`npws/2 demand of ${role.name}: is a level of links, idle or being dialed, within its maximum`, async () => {
    const clock = new TimersByHand();
    const pool = { minCapacity: 1, maxCapacity: 4, dialConcurrency: 2, keepAliveMs: 0 };
    await using rig = await role.open({ clock, pool, answeredDials: 3 });
    const peer = await rig.nextPeer();
    await peer.say("want 3", "want 3");
    await Promise.all([rig.nextPeer(), rig.nextPeer()]);
    await until(rig.pool, ({ idle }) => idle === 3);
    await peer.sync();
    assertEquals(rig.pool.stats().dialing, 0);
    await peer.say("want 100");
    await peer.sync();
    await eventually(() => rig.pool.stats().dialing === 1);
  });
}

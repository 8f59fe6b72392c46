import { assert, assertEquals, assertMatch, assertRejects, assertStrictEquals, assertThrows } from "@std/assert";
import { spy, stub } from "@std/testing/mock";
import type { PoolConnection } from "../../src/connection/connection.ts";
import { PoolClosedError, PoolError } from "../../src/errors.ts";
import type { ServerPoolOptions } from "../../src/options/server_options.ts";
import type { ServerPool } from "../../src/pool/server_pool.ts";
import type { Socket } from "../../src/runtime/socket.ts";
import { FakeRuntime } from "../fake_runtime.ts";
import { type FakeDialOptions, type FakePeer, FakeWorld, urlOf } from "../fake_world.ts";
import { test } from "../harness.ts";

/** A server pool that listens, and the refusals that it reports. */
async function setUp(options: ServerPoolOptions = {}) {
  const world = new FakeWorld();
  const pool = await world.startServerPool(options);
  const refusals: string[] = [];
  pool.addEventListener("refuse", ({ detail }) => refusals.push(`${detail.reason} ${detail.remoteAddress?.hostname}`));
  return {
    world,
    clock: world.clock,
    network: world.network,
    pool,
    refusals,
    /** Dials this many times at once, and returns the peers that got in. */
    crowd: (count: number) => crowd(world, pool, count),
    [Symbol.asyncDispose]: () => world[Symbol.asyncDispose](),
  };
}

async function crowd(world: FakeWorld, pool: ServerPool, count: number): Promise<FakePeer[]> {
  const dials = await Promise.allSettled(Array.from({ length: count }, () => world.dial(pool)));
  for (const dial of dials) if (dial.status === "rejected") assertEquals(dial.reason.message, "server answered 503");
  return dials.flatMap((dial) => dial.status === "fulfilled" ? [dial.value] : []);
}

/** Sends the pool a request without a network. */
function ask(pool: ServerPool, path: string, headers: Record<string, string>, method = "GET"): Response {
  const answer = pool.fetch(new Request(`http://127.0.0.1${path}`, { method, headers }), undefined);
  assert(answer instanceof Response);
  return answer;
}

const upgrade = { upgrade: "websocket", "sec-websocket-version": "13" };

test("ServerPool.start() listens, and rejects with the bind error", async () => {
  await using setting = await setUp();
  const { world, pool } = setting;
  assertEquals([pool.isReady, pool.address.hostname, pool.address.port > 0], [true, "0.0.0.0", true]);
  assertStrictEquals(pool.start(), pool.start());
  const second = world.serverPool({ port: pool.address.port });
  await assertRejects(() => second.start(), Error, `port ${pool.address.port} is in use`);
  assertEquals([second.isReady, second.errorCount], [false, 1]);
  assertThrows(() => second.address, PoolError, "Cannot get the address: the pool is not listening");
});

test("ServerPool.start() rejects and leaves nothing listening when it is closed or aborted meanwhile", async () => {
  await using world = new FakeWorld();
  const closed = world.serverPool();
  const started = assertRejects(() => closed.start(), PoolClosedError, "Cannot start pool: the pool is closed");
  await Promise.all([closed.close(), started]);
  const controller = new AbortController();
  const aborted = world.serverPool();
  const reason = new Error("not wanted");
  const call = aborted.start({ signal: controller.signal }).catch((error) => error);
  controller.abort(reason);
  assertStrictEquals(await call, reason);
  const early = world.serverPool();
  assertStrictEquals(await early.start({ signal: controller.signal }).catch((error) => error), reason);
  assertEquals(world.network.listeners, 0);
});

test("ServerPool.start() hears its signal only until it listens", async () => {
  await using world = new FakeWorld();
  const controller = new AbortController();
  const pool = world.serverPool();
  await pool.start({ signal: controller.signal });
  controller.abort();
  assertEquals(pool.isReady, true);
});

for (const protocol of [1, 2] as const) {
  test(`ServerPool sends the first message of npws/${protocol} in the call that tells it that a socket is open`, async () => {
    const sent: number[] = [];
    const original = FakeRuntime.prototype.upgrade;
    using _upgrade = stub(FakeRuntime.prototype, "upgrade", function (this: FakeRuntime, request, visit, peer, end) {
      const opened = (socket: Socket) => {
        using send = spy(socket, "send");
        end.opened(socket);
        sent.push(send.calls.length);
      };
      return original.call(this, request, visit, peer, { ...end, opened });
    });
    await using setting = await setUp({ protocol });
    const client = setting.world.clientPool({ url: urlOf(setting.pool), protocol, minCapacity: 1 });
    client.start();
    await setting.world.settle();
    assertEquals([sent, client.active], [[1], 1]);
  });
}

test("ServerPool names its first link 00000000, and every later one by chance", async () => {
  await using setting = await setUp();
  const { world, clock, pool } = setting;
  const first = await world.dial(pool);
  assertEquals(first.id, "00000000");
  first.socket.close(1000, "");
  await clock.advance(0);
  for (let index = 0; index < 20; index++) {
    const peer = await world.dial(pool);
    assertMatch(peer.id, /^[0-9a-f]{8}$/);
    assert(peer.id !== "00000000");
  }
});

test("ServerPool gives no two open links the same id, idle or in use", async () => {
  await using setting = await setUp({ maxCapacity: 1_000 });
  const { pool } = setting;
  const peers = await setting.crowd(100);
  for (let index = 0; index < 50; index++) await pool.incomingGet();
  peers.push(...await setting.crowd(100));
  assertEquals(new Set(peers.map(({ id }) => id)).size, 200);
});

test("ServerPool names a link as one that is closed, and as none that is open", async () => {
  await using setting = await setUp();
  const { world, clock, pool } = setting;
  const bytes = [7, 7, 8, 7, 9];
  const fill = (id: Uint8Array) => id.fill(bytes.shift()!);
  using _random = stub(crypto, "getRandomValues", fill as Crypto["getRandomValues"]);
  await world.dial(pool);
  const peers = [await world.dial(pool), await world.dial(pool)];
  assertEquals(peers.map(({ id }) => id), ["07070707", "08080808"]);
  peers[0].socket.close(1000, "");
  await clock.advance(0);
  assertEquals((await world.dial(pool)).id, "07070707");
});

test("ServerPool lets exactly maxCapacity idle links in, however many dial at once", async () => {
  await using setting = await setUp({ maxCapacity: 7 });
  const { pool, refusals } = setting;
  assertEquals((await setting.crowd(20)).length, 7);
  assertEquals([pool.active, pool.stats().refusedFull, pool.capacity], [7, 13, 7]);
  assertEquals(refusals, Array(13).fill("full 127.0.0.1"));
  await Promise.all([pool.incomingGet(), pool.incomingGet()]);
  assertEquals((await setting.crowd(5)).length, 2);
  assertEquals([pool.active, pool.stats().inUse], [7, 2]);
});

test("ServerPool counts a link that is not open yet among the idle ones", async () => {
  await using setting = await setUp({ maxCapacity: 3 });
  const { clock, network, pool } = setting;
  network.delayMs = () => 10;
  const dials = Promise.all([setting.crowd(2), setting.crowd(2)]);
  await clock.advance(10);
  assertEquals([pool.stats().dialing + pool.active, pool.stats().refusedFull], [3, 1]);
  await clock.advance(20);
  assertEquals((await dials).flat().length, 3);
});

test("ServerPool lets exactly maxLinks links in, idle and in use", async () => {
  await using setting = await setUp({ maxCapacity: 5, maxLinks: 6 });
  const { clock, pool } = setting;
  await setting.crowd(5);
  const held = await Promise.all([1, 2, 3].map(() => pool.incomingGet()));
  assertEquals((await setting.crowd(5)).length, 1);
  assertEquals([pool.active, pool.stats().inUse, pool.stats().refusedFull], [3, 3, 4]);
  held[0].close();
  await clock.advance(0);
  assertEquals((await setting.crowd(2)).length, 1);
  assertEquals(pool.stats().links, 6);
});

test("ServerPool gives the place of a link away while it closes, silent peer or not", async () => {
  await using setting = await setUp({ maxLinks: 2 });
  const { pool } = setting;
  const [silent] = await setting.crowd(2);
  silent.socket.silence();
  const flushed = pool.flush();
  const peers = await setting.crowd(3);
  assertEquals([peers.length, pool.active, pool.stats().links], [2, 2, 3]);
  await setting.clock.advance(1_000);
  await flushed;
});

test("ServerPool gives a place back when the client is gone before its socket is open", async () => {
  await using setting = await setUp({ maxCapacity: 1, authorize: () => new Promise((resolve) => allow = resolve) });
  let allow: (isAllowed: boolean) => void;
  const { clock, pool } = setting;
  const controller = new AbortController();
  const dialed = assertRejects(() => setting.world.dial(pool, { signal: controller.signal }));
  await clock.advance(0);
  controller.abort();
  allow!(true);
  await clock.advance(0);
  await dialed;
  assertEquals([pool.stats().dialing, pool.stats().links, pool.stats().dialFailures], [0, 0, 1]);
});

test("ServerPool.fetch answers what is none of its business without looking further", async () => {
  await using setting = await setUp({ path: "/links", allow: "10.0.0.1" });
  const { pool, refusals } = setting;
  assertEquals(ask(pool, "/other", upgrade).status, 404);
  assertEquals(ask(pool, "/links", {}).status, 426);
  assertEquals(ask(pool, "/links", {}).headers.get("upgrade"), "websocket");
  assertEquals(ask(pool, "/links", { ...upgrade, upgrade: "h2c" }).status, 426);
  const future = ask(pool, "/links", { ...upgrade, "sec-websocket-version": "14" });
  assertEquals([future.status, future.headers.get("sec-websocket-version")], [426, "13"]);
  assertEquals(ask(pool, "/links", upgrade, "POST").status, 426);
  assertEquals(refusals, []);
  assertEquals(ask(pool, "/links", upgrade).status, 403);
  assertEquals(refusals, ["forbidden undefined"]);
});

test("ServerPool.fetch answers 400 to an upgrade that the runtime refuses, and keeps no place for it", async () => {
  await using setting = await setUp({ maxCapacity: 1 });
  const { world, pool } = setting;
  assertEquals(ask(pool, "/", upgrade).status, 400);
  assertEquals([pool.stats().dialing, pool.stats().dialFailures], [0, 1]);
  await world.dial(pool);
  assertEquals(pool.active, 1);
});

test("ServerPool refuses an address that is not allowed before it tells that it is full", async () => {
  await using setting = await setUp({ maxCapacity: 1, allow: "127.0.0.1", token: "secret" });
  const { world, pool, refusals } = setting;
  const headers = { authorization: "Bearer secret" };
  await world.dial(pool, { headers });
  const dial = async (options: FakeDialOptions) =>
    (await assertRejects(() => world.dial(pool, options), Error)).message;
  assertEquals(await dial({ headers, hostname: "127.0.0.2" }), "server answered 403");
  assertEquals(await dial({ headers: { ...headers, origin: "https://example.com" } }), "server answered 403");
  assertEquals(await dial({}), "server answered 401");
  assertEquals(await dial({ headers }), "server answered 503");
  assertEquals(refusals, ["forbidden 127.0.0.2", "forbidden 127.0.0.1", "unauthorized 127.0.0.1", "full 127.0.0.1"]);
  const { refusedForbidden, refusedUnauthorized, refusedFull } = pool.stats();
  assertEquals([refusedForbidden, refusedUnauthorized, refusedFull], [2, 1, 1]);
});

test("ServerPool asks authorize() last, with the client's address, and lets in only for true", async () => {
  const asked: unknown[] = [];
  const answers = [() => true, () => false, () => "yes", () => Promise.resolve(true), () => Promise.reject("down")];
  const authorize = (request: Request, info: unknown) => {
    asked.push([request.headers.get("x-user"), info]);
    return answers.shift()!() as boolean;
  };
  await using setting = await setUp({ authorize, allow: "127.0.0.1" });
  const { world, pool } = setting;
  const statuses: string[] = [];
  for (let count = 0; count < 5; count++) {
    const dialed = world.dial(pool, { headers: { "x-user": `${count}` } });
    await dialed.then(() => statuses.push("open"), ({ message }) => statuses.push(message));
  }
  const refused = "server answered 401";
  assertEquals(statuses, ["open", refused, refused, "open", refused]);
  assertEquals([pool.active, pool.stats().refusedUnauthorized, pool.errorCount], [2, 3, 1]);
  assertEquals(asked.length, 5);
  const [user, { remoteAddress }] = asked[4] as [string, { remoteAddress: { hostname: string } }];
  assertEquals([user, remoteAddress.hostname], ["4", "127.0.0.1"]);
});

test("ServerPool refuses when authorize() thinks for more than 10 s, and gives no place away meanwhile", async () => {
  const answers = [Promise.withResolvers<boolean>(), Promise.withResolvers<boolean>()];
  let asked = 0;
  await using setting = await setUp({ maxCapacity: 1, authorize: () => answers[asked++].promise });
  const { world, clock, pool } = setting;
  const [slow, other] = [world.dial(pool), world.dial(pool)];
  const late = assertRejects(() => slow, Error, "server answered 401");
  await clock.advance(5_000);
  answers[1].resolve(true);
  await clock.advance(5_000);
  await Promise.all([late, other]);
  assertEquals([pool.active, pool.errorCount, pool.stats().refusedUnauthorized], [1, 1, 1]);
  answers[0].resolve(true);
  await clock.advance(0);
  assertEquals(pool.stats().links, 1);
});

test("ServerPool lets nobody in who was still being asked about when it was closed", async () => {
  const answer = Promise.withResolvers<boolean>();
  await using setting = await setUp({ authorize: () => answer.promise });
  const { world, clock, pool } = setting;
  const dial = assertRejects(() => world.dial(pool));
  await clock.advance(0);
  const closed = pool.close();
  answer.resolve(true);
  await clock.advance(0);
  await Promise.all([dial, closed]);
  assertEquals([pool.stats().links, pool.stats().dialed], [0, 0]);
});

test("ServerPool answers who was still being asked about when it was closed as a closed pool, and counts no refusal", async () => {
  await using setting = await setUp({ authorize: () => new Promise(() => {}) });
  const { world, clock, pool, refusals } = setting;
  const dial = assertRejects(() => world.dial(pool), Error, "server answered 503");
  await clock.advance(0);
  const closed = pool.close();
  await clock.advance(0);
  await Promise.all([dial, closed]);
  assertEquals([refusals, pool.stats().refusedUnauthorized, pool.errorCount], [[], 0, 0]);
});

test("ServerPool counts a refusal before it tells it", async () => {
  await using setting = await setUp({ token: "secret" });
  const { world, pool } = setting;
  const counted: number[] = [];
  pool.addEventListener("refuse", () => counted.push(pool.stats().refusedUnauthorized));
  await assertRejects(() => world.dial(pool));
  assertEquals(counted, [1]);
});

test("ServerPool admits through fetch alone, mounted in a server of the application's own", async () => {
  await using world = new FakeWorld();
  const pool = world.serverPool();
  assertEquals(pool.isReady, false);
  const listener = world.network.listen(0, pool.fetch);
  const client = world.clientPool({ url: `ws://127.0.0.1:${listener.port}/`, minCapacity: 1, maxCapacity: 1 });
  client.start();
  await world.settle();
  assertEquals([pool.isReady, pool.active, client.active], [true, 1, 1]);
  listener.close();
});

test("ServerPool refuses upgrades once it is closed", async () => {
  await using setting = await setUp();
  const { pool } = setting;
  await pool.close();
  assertEquals([ask(pool, "/", upgrade).status, pool.isReady], [503, false]);
});

test("ServerPool keeps no link whose socket breaks while its id is sent", async () => {
  await using setting = await setUp();
  const { world, network, pool } = setting;
  network.onCable = ({ server }) => {
    server.send = () => {
      server.terminate();
      return true;
    };
  };
  await world.dial(pool).catch(() => {});
  const { links, idle, inUse } = pool.stats();
  assertEquals({ links, idle, inUse }, { links: 0, idle: 0, inUse: 0 });
});

test("ServerPool keeps no more than maxCapacity idle links when many streams of npws/2 end together", async () => {
  await using setting = await setUp({ protocol: "auto", maxCapacity: 2 });
  const { world, clock, network, pool } = setting;
  const client = world.clientPool({ url: urlOf(pool), protocol: "auto", minCapacity: 2, maxCapacity: 2 });
  client.start();
  await clock.advance(0);
  const connections: PoolConnection[] = [];
  for (const count of [2, 2]) {
    const calls = Promise.all(Array.from({ length: count }, () => client.incomingGet()));
    await clock.advance(0);
    const ours = await calls;
    connections.push(...ours, ...await Promise.all(ours.map(({ id }) => pool.outgoingGet(id))));
    if (connections.length === 8) network.isDark = true;
    await clock.advance(200);
  }
  assertEquals([pool.active, pool.stats().inUse], [0, 4]);
  for (const connection of connections) connection.close();
  await clock.advance(0);
  const { idle, links, retired } = pool.stats();
  assertEquals({ idle, links, retired }, { idle: 2, links: 2, retired: 2 });
});

test("ServerPool asks authorize() for nobody once it is closed, also while streams end", async () => {
  let asked = 0;
  const authorize = () => {
    asked++;
    return true;
  };
  await using setting = await setUp({ authorize });
  const { world, pool, refusals } = setting;
  await world.dial(pool);
  await pool.incomingGet();
  const closed = pool.close({ drainMs: 1_000 });
  await assertRejects(() => world.dial(pool), Error, "server answered 503");
  assertEquals([asked, refusals], [1, []]);
  await world.clock.advance(3_000);
  await closed;
});

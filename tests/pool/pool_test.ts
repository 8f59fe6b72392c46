import {
  assert,
  assertEquals,
  assertInstanceOf,
  assertMatch,
  assertRejects,
  assertStrictEquals,
  assertThrows,
} from "@std/assert";
import type { PoolConnection } from "../../src/connection/connection.ts";
import { NotSupportedError, PoolClosedError, PoolExhaustedError, PoolTimeoutError } from "../../src/errors.ts";
import type { ServerPoolOptions } from "../../src/options/server_options.ts";
import type { Pool } from "../../src/pool/pool.ts";
import { type FakePeer, FakeWorld, urlOf } from "../fake_world.ts";
import { test } from "../harness.ts";

/** A server pool that listens, with this many clients that are not pools. It gets a link only when the test dials. */
async function setUp(links = 0, options: ServerPoolOptions = {}) {
  const world = new FakeWorld();
  const pool = await world.startServerPool(options);
  const peers: FakePeer[] = [];
  for (let index = 0; index < links; index++) peers.push(await world.dial(pool));
  return { world, clock: world.clock, pool, peers, [Symbol.asyncDispose]: () => world[Symbol.asyncDispose]() };
}

/** The state of each call: its connection's id, its error's name, or "waiting". */
function outcomes(calls: Promise<PoolConnection>[]): string[] {
  const outcomes = calls.map(() => "waiting");
  for (const [index, call] of calls.entries()) {
    call.then(({ id }) => outcomes[index] = id, (error) => outcomes[index] = error.name);
  }
  return outcomes;
}

test("Pool.incomingGet() takes the link whose proof of life is the most recent", async () => {
  await using setting = await setUp(3);
  const { pool, peers } = setting;
  assertEquals((await pool.incomingGet()).id, peers[2].id);
  assertEquals((await pool.incomingGet()).id, peers[1].id);
  assertEquals(pool.active, 1);
});

test("Pool.outgoingGet() takes the link with this id, written in any case", async () => {
  await using setting = await setUp(3);
  const { pool, peers } = setting;
  const connection = await pool.outgoingGet(peers[1].id.toUpperCase());
  assertEquals([connection.id, pool.active], [peers[1].id, 2]);
});

test("Pool.outgoingGet() waits for a link that was taken already as for one that is still to come", async () => {
  await using setting = await setUp(1);
  const { clock, pool, peers } = setting;
  await pool.incomingGet();
  const results = outcomes([pool.outgoingGet(peers[0].id, { timeoutMs: 1_000 })]);
  await clock.advance(999);
  assertEquals(results, ["waiting"]);
  await clock.advance(1);
  assertEquals(results, ["PoolTimeoutError"]);
});

test("Pool serves callers in the order in which they came, one by id before all others", async () => {
  await using setting = await setUp();
  const { world, pool } = setting;
  const seen: string[] = [];
  pool.addEventListener("linkopen", ({ detail }) => seen.push(detail.id));
  const calls = [pool.incomingGet(), pool.incomingGet(), pool.outgoingGet("00000000"), pool.incomingGet()];
  const results = outcomes(calls);
  for (let index = 0; index < 3; index++) await world.dial(pool);
  assertEquals(results, [seen[1], seen[2], seen[0], "waiting"]);
  assertEquals(pool.stats().waiting, 1);
  await world.dial(pool);
  assertEquals(results[3], seen[3]);
});

test("Pool serves a caller that names a peer with no other's link, and lets others pass", async () => {
  await using setting = await setUp(0, { protocol: "auto" });
  const { world, clock, pool } = setting;
  const results = outcomes([pool.incomingGet({ peer: "edge-7", timeoutMs: 1_000 }), pool.incomingGet()]);
  const peer = await world.dial(pool);
  assertEquals(results, ["waiting", peer.id]);
  await world.dial(pool);
  await clock.advance(1_000);
  assertEquals([results[0], pool.active], ["PoolTimeoutError", 1]);
});

test("Pool gives a link to the next in line when a caller has gone", async () => {
  await using setting = await setUp();
  const { world, clock, pool } = setting;
  const controller = new AbortController();
  const calls = [
    pool.incomingGet({ timeoutMs: 10 }),
    pool.incomingGet({ signal: controller.signal }),
    pool.outgoingGet("00000000", { timeoutMs: 10 }),
    pool.incomingGet(),
  ];
  const results = outcomes(calls);
  await clock.advance(10);
  controller.abort();
  await world.dial(pool);
  assertEquals(results, ["PoolTimeoutError", "AbortError", "PoolTimeoutError", "00000000"]);
});

test("Pool.incomingGet() with a timeout of 0 takes only what is there", async () => {
  await using setting = await setUp(1);
  const { clock, pool } = setting;
  await pool.incomingGet({ timeoutMs: 0 });
  const call = assertRejects(() => pool.incomingGet({ timeoutMs: 0 }), PoolTimeoutError);
  await clock.advance(0);
  await call;
});

test("Pool tells a caller that waited in vain what it waited for and how the pool stood", async () => {
  await using setting = await setUp(2, { protocol: "auto", getTimeoutMs: 250 });
  const { clock, pool } = setting;
  await pool.incomingGet();
  const calls = [
    assertRejects(() => pool.outgoingGet("A1B2C3D4"), PoolTimeoutError),
    assertRejects(() => pool.incomingGet({ peer: "edge-7" }), PoolTimeoutError),
  ];
  await clock.advance(250);
  const [byId, any] = await Promise.all(calls);
  assertEquals(
    byId.message,
    "Cannot get link a1b2c3d4: not offered by the peer within 250 ms (idle 1, in use 1, dialing 0, waiting 2)",
  );
  assertEquals(
    any.message,
    "Cannot get a link of edge-7: no client of that name connected within 250 ms (idle 1, in use 1, dialing 0, waiting 1)",
  );
  assertEquals([byId.waitedMs, byId.stats.waiting, byId.cause], [250, 2, undefined]);
  assertEquals([pool.stats().timeouts, pool.stats().waiting], [2, 0]);
});

test("Pool tells a caller that waited in vain the last dial failure", async () => {
  await using world = new FakeWorld();
  const pool = world.clientPool({ url: "127.0.0.1:1", tls: "off" });
  pool.start();
  const call = assertRejects(() => pool.incomingGet({ timeoutMs: 100 }), PoolTimeoutError);
  await world.clock.advance(100);
  const error = await call;
  assertEquals(
    error.message,
    "Cannot get a link: none became idle within 100 ms " +
      "(idle 0, in use 0, dialing 0, waiting 1; last dial failure: connection refused)",
  );
  assertInstanceOf(error.cause, Error);
  assertEquals(error.cause.message, "Cannot dial ws://127.0.0.1:1/: connection refused");
});

test("Pool tells a caller that waited in vain that nobody has called start(), or why it failed", async () => {
  await using world = new FakeWorld();
  const failed = (pool: Pool) => assertRejects(() => pool.incomingGet({ timeoutMs: 10 }), PoolTimeoutError);
  const server = await world.startServerPool();
  const clash = world.serverPool({ port: server.address.port });
  await assertRejects(() => clash.start());
  const dialing = world.clientPool({ url: urlOf(server) });
  world.network.delayMs = () => 1_000;
  dialing.start();
  const unstarted = world.clientPool({ url: urlOf(server) });
  const calls = Promise.all([unstarted, clash, server, dialing].map(failed));
  await world.clock.advance(10);
  const messages = (await calls).map(({ message }) => message);
  const ends = [
    /waiting 1; start\(\) was not called\)$/,
    /waiting 1; start\(\) failed: .+\)$/,
    /waiting 1\)$/,
    /waiting 1\)$/,
  ];
  for (const [index, end] of ends.entries()) assertMatch(messages[index]!, end);
});

test("Pool rejects a call with its signal's own reason, before it waits and while it does", async () => {
  await using setting = await setUp(1);
  const { pool } = setting;
  const controller = new AbortController();
  const { signal } = controller;
  const reason = { not: "an error" };
  await pool.incomingGet();
  const waiting = pool.incomingGet({ signal }).catch((error) => error);
  controller.abort(reason);
  assertStrictEquals(await waiting, reason);
  assertStrictEquals(await pool.outgoingGet("00000000", { signal }).catch((error) => error), reason);
  assertEquals([pool.stats().aborts, pool.stats().waiting], [2, 0]);
});

test("Pool takes no link for a call whose signal is aborted already", async () => {
  await using setting = await setUp(1);
  const { pool } = setting;
  await assertRejects(() => pool.incomingGet({ signal: AbortSignal.abort() }));
  assertEquals([pool.active, pool.stats().taken], [1, 0]);
});

test("Pool refuses at once to ask for a peer where no peer has a name: at a client, and on npws/1", async () => {
  await using world = new FakeWorld();
  const server = world.serverPool();
  const client = world.clientPool({ url: "127.0.0.1:1", tls: "off", protocol: 2 });
  const message = 'Cannot ask for peer "edge-7": no peer of this pool has a name';
  const peer = "edge-7";
  for (const pool of [server, client]) {
    await assertRejects(() => pool.incomingGet({ peer }), NotSupportedError, message);
    assertThrows(() => pool.incoming({ peer }), NotSupportedError, message);
  }
  await assertRejects(() => client.open({ peer }), NotSupportedError, message);
  assertEquals([server.stats().waiting, client.stats().waiting], [0, 0]);
});

test("Pool.close() rejects for a wrong option, and the pool goes on", async () => {
  await using setting = await setUp(1);
  const { pool } = setting;
  for (const drainMs of [-1, Infinity, NaN]) await assertRejects(() => pool.close({ drainMs }), RangeError, "drainMs");
  await assertRejects(() => pool.close({ drain: 1 } as object), TypeError, "drain");
  assertEquals([pool.isReady, pool.active], [true, 1]);
});

test("Pool rejects one caller more than maxWaiters with PoolExhaustedError", async () => {
  await using setting = await setUp(0, { maxWaiters: 2 });
  const { world, clock, pool } = setting;
  const results = outcomes([pool.incomingGet(), pool.outgoingGet("a1b2c3d4", { timeoutMs: 10 })]);
  await assertRejects(() => pool.incomingGet(), PoolExhaustedError, "2 calls are already waiting");
  await clock.advance(10);
  results.push(...outcomes([pool.incomingGet()]));
  await world.dial(pool);
  assertEquals(results.slice(0, 2), ["00000000", "PoolTimeoutError"]);
  assertEquals(pool.stats().waiting, 1);
  await world.dial(pool);
});

test("Pool rejects a call with a wrong id or option, and takes no link for it", async () => {
  await using setting = await setUp(1);
  const { pool } = setting;
  await assertRejects(() => pool.outgoingGet("xyz"), TypeError, "must be 8 hex digits");
  await assertRejects(() => pool.incomingGet({ timeoutMs: -1 }), RangeError, "timeoutMs");
  await assertRejects(() => pool.outgoingGet("00000000", { peer: "edge-7" } as object), TypeError, "peer");
  assertEquals([pool.active, pool.stats().taken], [1, 0]);
});

test("Pool.incoming() yields links as they come and ends when the pool closes", async () => {
  await using setting = await setUp(1);
  const { world, clock, pool } = setting;
  const ids: string[] = [];
  const loop = (async () => {
    for await (const connection of pool.incoming()) ids.push(connection.id);
  })();
  await clock.advance(1_000_000);
  const second = await world.dial(pool);
  assertEquals(ids, ["00000000", second.id]);
  const closed = pool.close({ drainMs: 0 });
  await clock.advance(1_000);
  await Promise.all([loop, closed]);
  assertEquals(await Array.fromAsync(pool.incoming()), []);
});

test("Pool.incoming() ends when its signal aborts, and takes no link after that", async () => {
  await using setting = await setUp();
  const { world, pool } = setting;
  const controller = new AbortController();
  const loop = Array.fromAsync(pool.incoming({ signal: controller.signal }));
  const first = await world.dial(pool);
  controller.abort(new Error("enough"));
  const connections = await loop;
  assertEquals(connections.map(({ id }) => id), [first.id]);
  await world.dial(pool);
  assertEquals([pool.active, pool.stats().waiting], [1, 0]);
});

test("Pool.stats() is a frozen snapshot whose gauges add up", async () => {
  await using setting = await setUp(4);
  const { world, clock, pool, peers } = setting;
  const call = pool.outgoingGet("a1b2c3d4", { timeoutMs: 100 }).catch(() => {});
  const connection = await pool.incomingGet();
  await pool.incomingGet();
  peers[3].socket.silence();
  connection.close();
  const { idle, inUse, links, waiting, dialing, capacity, intervalMs, dialed, taken } = pool.stats();
  assertEquals({ idle, inUse, links, waiting, dialing, capacity, intervalMs, dialed, taken }, {
    idle: 2,
    inUse: 1,
    links: 4,
    waiting: 1,
    dialing: 0,
    capacity: 100,
    intervalMs: 0,
    dialed: 4,
    taken: 2,
  });
  assert(Object.isFrozen(pool.stats()));
  await clock.advance(1_000);
  await call;
  const later = pool.stats();
  assertEquals([later.idle, later.inUse, later.links, later.timeouts], [2, 1, 3, 1]);
  assertEquals(links, 4);
  await world.settle();
});

test("Pool.stats() counts what calls waited", async () => {
  await using setting = await setUp();
  const { world, clock, pool } = setting;
  const calls = [pool.incomingGet(), pool.incomingGet()];
  await clock.advance(100);
  await world.dial(pool);
  await clock.advance(50);
  await world.dial(pool);
  await Promise.all(calls);
  assertEquals(pool.stats().waitMsTotal, 250);
});

test("Pool.errorCount counts links lost while idle and addError(), until resetError()", async () => {
  await using setting = await setUp(3);
  const { clock, pool, peers } = setting;
  peers[0].socket.terminate();
  peers[1].socket.close(1000, "");
  await clock.advance(0);
  pool.addError();
  assertEquals([pool.errorCount, pool.stats().lost], [2, 1]);
  assertEquals(pool.stats().lastError?.message, `Cannot keep link ${peers[0].id}: lost while idle with code 1006`);
  pool.resetError();
  assertEquals([pool.errorCount, pool.stats().lost], [0, 1]);
});

test("Pool.flush() closes idle links, within a second where peers answer nothing, and leaves the rest", async () => {
  await using setting = await setUp(4);
  const { world, clock, pool, peers } = setting;
  await pool.outgoingGet(peers[0].id);
  const waiting = outcomes([pool.outgoingGet("a1b2c3d4", { timeoutMs: 5_000 })]);
  peers[2].socket.silence();
  let isFlushed = false;
  pool.flush().then(() => isFlushed = true);
  assertEquals([pool.active, pool.stats().links], [0, 4]);
  await clock.advance(999);
  assertEquals([isFlushed, pool.stats().links], [false, 2]);
  await clock.advance(1);
  assertEquals([isFlushed, pool.stats().links, pool.stats().inUse], [true, 1, 1]);
  assertEquals(peers[1].closedWith, { code: 1000, reason: "flushed" });
  assertEquals([peers[0].closedWith, waiting], [undefined, ["waiting"]]);
  await world.dial(pool);
  assertEquals(pool.active, 1);
  await clock.advance(5_000);
});

test("Pool.close() rejects callers, closes idle links and lets streams in use end", async () => {
  await using setting = await setUp(3);
  const { clock, pool, peers } = setting;
  const connection = await pool.outgoingGet(peers[0].id);
  const results = outcomes([pool.outgoingGet("a1b2c3d4"), pool.outgoingGet("00000000")]);
  let closedAt: number | undefined;
  pool.close().then(() => closedAt = clock.now());
  await clock.advance(2_000);
  assertEquals(results, ["PoolClosedError", "PoolClosedError"]);
  assertEquals(peers.map(({ closedWith }) => closedWith?.reason), [undefined, "pool closed", "pool closed"]);
  await connection.writable.getWriter().write(new Uint8Array([1, 2]));
  peers[0].socket.send(new Uint8Array([3]));
  await clock.advance(0);
  const { value } = await connection.readable.getReader().read();
  assertEquals([value, peers[0].bytes.slice(4)], [new Uint8Array([3]), [1, 2]]);
  connection.close();
  await clock.advance(0);
  assertEquals([closedAt, peers[0].closedWith?.code], [2_000, 1000]);
  for (const call of [pool.incomingGet(), pool.outgoingGet(peers[0].id)]) {
    await assertRejects(() => call, PoolClosedError);
  }
});

test("Pool.close() aborts streams that have not ended after drainMs", async () => {
  await using setting = await setUp(1);
  const { clock, pool, peers } = setting;
  const connection = await pool.incomingGet();
  const closed = pool.close({ drainMs: 300 });
  await clock.advance(299);
  assertEquals(peers[0].closedWith, undefined);
  await clock.advance(1);
  await closed;
  assertEquals(peers[0].closedWith, { code: 1011, reason: "pool closed" });
  await assertRejects(() => connection.closed, PoolClosedError, "Cannot use connection: the pool is closed");
});

for (const drainMs of [undefined, 0, 700]) {
  test(`Pool.close({ drainMs: ${drainMs} }) takes drainMs and a second, where no peer answers anything`, async () => {
    await using setting = await setUp(6);
    const { clock, pool, peers } = setting;
    const held = [await pool.incomingGet(), await pool.incomingGet()];
    for (const connection of held) connection.closed.catch(() => {});
    (await pool.incomingGet()).close();
    for (const { socket } of peers) socket.silence();
    let isClosed = false;
    pool.close(drainMs === undefined ? undefined : { drainMs }).then(() => isClosed = true);
    await clock.advance((drainMs ?? 5_000) + 999);
    assert(!isClosed);
    await clock.advance(1);
    assert(isClosed);
    assertEquals([pool.stats().links, clock.pending], [0, 0]);
  });
}

test("Pool.close() returns the same promise again, and `await using` closes the pool", async () => {
  await using setting = await setUp();
  const { pool } = setting;
  {
    await using sameOne = pool;
    assertStrictEquals(sameOne.close(), pool.close({ drainMs: 1 }));
  }
  assertEquals([pool.isReady, pool.active], [false, 0]);
});

test("Pool.close() lets no link in that comes while it drains", async () => {
  await using setting = await setUp(1);
  const { world, clock, pool } = setting;
  const connection = await pool.incomingGet();
  const closed = pool.close();
  await assertRejects(() => world.dial(pool));
  await Promise.all([connection.close(), clock.advance(0), closed]);
  assertEquals(pool.stats().links, 0);
});

test("Pool passes bytes between two pools, by id on one side and any on the other", async () => {
  await using world = new FakeWorld();
  const server = await world.startServerPool();
  const client = world.clientPool({ url: urlOf(server), minCapacity: 2 });
  client.start();
  await world.settle();
  const ours = await client.incomingGet();
  const theirs = await server.outgoingGet(ours.id);
  const writer = ours.writable.getWriter();
  await writer.write(new Uint8Array([1, 2, 3]));
  writer.close();
  await world.settle();
  const chunks: Uint8Array[] = await Array.fromAsync(theirs.readable);
  assertEquals(chunks.flatMap((chunk) => [...chunk]), [1, 2, 3]);
  assertEquals([server.stats().bytesRead, client.stats().bytesWritten], [3, 3]);
});

test("Pool.outgoingGet() hands out what a peer of npws/1 sent and ended in order before", async () => {
  await using setting = await setUp(1);
  const { world, pool, peers } = setting;
  peers[0].socket.send(new Uint8Array([1, 2]));
  peers[0].socket.close(1000, "");
  await world.settle();
  assertEquals([pool.active, pool.stats().links, pool.errorCount], [0, 0, 0]);
  const connection = await pool.outgoingGet(peers[0].id, { timeoutMs: 100 });
  const chunks = await Array.fromAsync(connection.readable);
  assertEquals(chunks.flatMap((chunk) => [...chunk]), [1, 2]);
  await connection.closed;
});

test("Pool keeps what ended links of npws/1 left behind for the fetch time and within the receive limit, and says when not", async () => {
  await using setting = await setUp(3, { receiveLimitBytes: 3 });
  const { world, clock, pool, peers } = setting;
  for (const { socket } of peers.slice(0, 2)) {
    socket.send(new Uint8Array([1, 2]));
    socket.close(1000, "");
    await world.settle();
  }
  assertEquals(pool.errorCount, 1, "the second is over the limit");
  assertEquals(pool.stats().lastError?.message, `Cannot keep 2 bytes of link ${peers[1].id}: they were not fetched`);
  await clock.advance(30_000);
  assertEquals(pool.errorCount, 2, "the first was not fetched in time");
  peers[2].socket.send(new Uint8Array([3, 4]));
  peers[2].socket.close(1000, "");
  await world.settle();
  const connection = await pool.outgoingGet(peers[2].id, { timeoutMs: 100 });
  assertEquals((await Array.fromAsync(connection.readable)).length, 1, "there is room again");
});

test("Pool.start() whose promise nobody awaits raises no unhandled rejection, whatever it rejects with", async () => {
  await using world = new FakeWorld();
  for (const pool of [world.serverPool(), world.clientPool({ url: "ws://127.0.0.1:1" })]) {
    const unheard: unknown[] = [];
    const hear = (error: unknown) => void unheard.push(error);
    process.on("unhandledRejection", hear);
    pool.start({ signal: 1 as never });
    await Promise.all([pool.close(), world.settle()]);
    pool.start();
    await new Promise((resolve) => setTimeout(resolve));
    process.off("unhandledRejection", hear);
    assertEquals(unheard, []);
    await assertRejects(() => pool.start(), PoolClosedError);
  }
});

test("Pool.open() that waits for a link rejects when the first peer speaks npws/1, and other calls wait on", async () => {
  await using world = new FakeWorld();
  const server = world.server();
  const pool = world.clientPool({ url: urlOf(server), protocol: "auto", minCapacity: 1, maxCapacity: 1 });
  const opening = pool.open({ timeoutMs: 60_000 });
  const getting = pool.incomingGet();
  const refused = assertRejects(() => opening, NotSupportedError, "every connected peer speaks npws/1");
  pool.start();
  await world.settle();
  await refused;
  assertEquals([(await getting).protocol, pool.stats().waiting], [1, 0]);
});

test("Pool.close() lets an early stream whose link has not answered end as one in use", async () => {
  await using world = new FakeWorld();
  world.network.delayMs = () => 20;
  const server = await world.startServerPool({ protocol: "auto" });
  const client = world.clientPool({ url: urlOf(server), protocol: "auto" });
  client.start();
  await world.clock.advance(1_000);
  const accepted = server.accept();
  const opened = await client.open({ early: true });
  opened.writable.getWriter().write(new Uint8Array(3)).catch(() => {});
  const closed = client.close({ drainMs: 5_000 });
  await world.clock.advance(100);
  const answer = await accepted;
  await opened.opened;
  const reader = answer.readable.getReader();
  assertEquals((await reader.read()).value, new Uint8Array(3));
  await world.clock.advance(7_000);
  await closed;
  await assertRejects(() => opened.closed, PoolClosedError);
});

test("Pool.close() breaks an early stream whose link does not answer in time", async () => {
  await using world = new FakeWorld();
  const server = await world.startServerPool({ protocol: "auto" });
  const client = world.clientPool({ url: urlOf(server), protocol: "auto", minCapacity: 1, maxCapacity: 1 });
  client.start();
  await world.clock.advance(1_000);
  for (const cable of world.network.cables) cable.server.silence();
  const opened = await client.open({ early: true });
  const lost = assertRejects(() => opened.opened, PoolClosedError);
  const closed = client.close({ drainMs: 200 });
  await world.clock.advance(1_300);
  await Promise.all([closed, lost]);
  assertEquals(client.stats().links, 0);
});

test("Pool flushes a link of npws/1 that its peer has begun to use, and counts what is lost with it", async () => {
  await using world = new FakeWorld();
  const pool = await world.startServerPool();
  const peer = await world.dial(pool);
  peer.socket.send(new Uint8Array(5));
  await world.settle();
  assertEquals([pool.active, pool.errorCount], [1, 0]);
  pool.flush();
  await world.settle();
  assertEquals([pool.active, pool.errorCount], [0, 1]);
});

test("Pool.close() waits for a peer that has not read all of a stream that ended, as for a stream in use", async () => {
  await using world = new FakeWorld();
  const server = await world.startServerPool({ protocol: "auto" });
  const client = world.clientPool({ url: urlOf(server), protocol: "auto", minCapacity: 1, maxCapacity: 1 });
  client.start();
  await world.settle();
  const both = Promise.all([client.open(), server.accept()]);
  await world.settle();
  const [sent, received] = await both;
  received.writable.close();
  sent.writable.getWriter().write(new Uint8Array(3));
  sent.close();
  await world.settle();
  const closed = client.close();
  await world.clock.advance(2_000);
  assertEquals(client.stats().links, 1);
  const reader = received.readable.getReader();
  assertEquals((await reader.read()).value, new Uint8Array(3));
  assertEquals((await reader.read()).done, true);
  await world.settle();
  await closed;
  assertEquals(server.stats().links, 0);
});

test("Pool.open() of a server waits on behind a first client of npws/1, for one that speaks npws/2", async () => {
  await using world = new FakeWorld();
  const server = await world.startServerPool({ protocol: "auto" });
  const opening = server.open({ timeoutMs: 60_000 });
  await world.dial(server);
  assertEquals([server.active, server.stats().waiting], [1, 1]);
  world.clientPool({ url: urlOf(server), protocol: "auto" }).start();
  await world.settle();
  assertEquals((await opening).protocol, 2);
});

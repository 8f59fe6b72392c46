import { assert, assertEquals, assertInstanceOf, assertMatch, assertRejects, assertStrictEquals } from "@std/assert";
import type { PoolConnection } from "../../src/connection/connection.ts";
import { PoolClosedError, PoolError, PoolTimeoutError } from "../../src/errors.ts";
import type { ClientPoolOptions } from "../../src/options/client_options.ts";
import type { GetOptions } from "../../src/options/get_options.ts";
import type { ClientPool } from "../../src/pool/client_pool.ts";
import type { FakeSocket } from "../fake_socket.ts";
import { FakeWorld, idOf, urlOf } from "../fake_world.ts";
import { test } from "../harness.ts";

/** A client pool that is not started yet, and the test's own server that accepts its links. */
function setUp(options: Partial<ClientPoolOptions> = {}) {
  const world = new FakeWorld();
  const server = world.server();
  const pool = world.clientPool({ url: urlOf(server), ...options });
  return { world, clock: world.clock, network: world.network, server, pool, [Symbol.asyncDispose]: disposer(world) };
}

/** The same, started and filled with idle links up to its capacity, all of them too old to count as lost early. */
async function setUpFull(options: Partial<ClientPoolOptions> = {}) {
  const setting = setUp(options);
  setting.pool.start();
  await setting.clock.advance(60_000);
  assertEquals(setting.pool.active, setting.pool.capacity);
  setting.network.dials.length = 0;
  return setting;
}

function disposer(world: FakeWorld): () => Promise<void> {
  return () => world[Symbol.asyncDispose]();
}

/** What a pool says about its size. */
function sizeOf({ active, capacity, intervalMs }: ClientPool) {
  return { active, capacity, intervalMs };
}

/** Takes this many links. */
function take(pool: ClientPool, count: number) {
  const taken = Promise.all(Array.from({ length: count }, () => pool.incomingGet()));
  taken.catch(() => {}); // if a test fails before it awaits them, its own error is the one to report
  return taken;
}

test("ClientPool.start() resolves at the first idle link, and a failed dial does not reject it", async () => {
  await using setting = setUp();
  const { clock, server, pool } = setting;
  server.accepts = (visit) => visit >= 3;
  let isStarted = false;
  pool.start().then(() => isStarted = true, () => {});
  assertStrictEquals(pool.start(), pool.start());
  await clock.advance(200);
  assertEquals([isStarted, pool.isReady, pool.stats().dialFailures], [false, false, 3]);
  await clock.advance(1_000);
  assertEquals([isStarted, pool.isReady, pool.stats().dialFailures], [true, true, 3]);
  await Promise.all([pool.close(), clock.advance(0)]);
  assertEquals(pool.isReady, false);
});

test("ClientPool.start() rejects with the signal's reason, and the pool is closed", async () => {
  await using setting = setUp();
  const { clock, network, pool } = setting;
  network.isDark = true;
  const controller = new AbortController();
  const started = pool.start({ signal: controller.signal }).catch((error) => error);
  await clock.advance(10);
  const reason = new Error("not wanted");
  controller.abort(reason);
  await clock.advance(0);
  assertStrictEquals(await started, reason);
  await assertRejects(() => pool.incomingGet(), PoolClosedError);
  assertEquals(network.dialing, 0);
});

test("ClientPool.start() rejects when the pool is closed meanwhile or already", async () => {
  await using setting = setUp();
  const { network, pool } = setting;
  network.isDark = true;
  const started = assertRejects(() => pool.start(), PoolClosedError, "Cannot start pool: the pool is closed");
  await pool.close();
  await started;
  await assertRejects(() => pool.start(), PoolClosedError, "Cannot start pool: the pool is closed");
  assertEquals(network.dialing, 0);
});

test("ClientPool dials nothing before start()", async () => {
  await using setting = setUp();
  const { clock, network, pool } = setting;
  const got = assertRejects(() => pool.incomingGet({ timeoutMs: 10_000 }));
  await clock.advance(10_000);
  await got;
  assertEquals(network.dials, []);
});

test("ClientPool changes capacity and interval as the sizing policy says, cycle by cycle", async () => {
  await using setting = setUp({ minCapacity: 1, maxCapacity: 4, minIntervalMs: 500, maxIntervalMs: 800 });
  const { clock, network, pool } = setting;
  const resizes: unknown[] = [];
  pool.addEventListener("resize", ({ detail }) => resizes.push([clock.now(), detail.capacity, detail.intervalMs]));
  pool.start();
  // [time of the cycle, idle links, capacity and interval after it]
  const cycles: [number, number, number, number][] = [
    [0, 1, 2, 500], // 0 of 1 idle, but the interval is at its minimum; 1 of 1 dials succeeded
    [500, 2, 3, 500], // 1 of 2 idle
    [1_000, 3, 4, 500], // 2 of 3
    [1_500, 4, 4, 500], // 3 of 4, but the capacity is at its maximum
    [2_000, 4, 4, 600], // 4 of 4: above 80 %
    [2_600, 4, 4, 700],
    [3_300, 4, 4, 800],
    [4_100, 4, 4, 800], // the interval is at its maximum
    [4_900, 4, 4, 800],
  ];
  for (const [at, active, capacity, intervalMs] of cycles) {
    await clock.advance(at - clock.now());
    assertEquals(sizeOf(pool), { active, capacity, intervalMs }, `the cycle at ${at}`);
  }
  assertEquals(network.dials, [0, 500, 1_000, 1_500]);
  assertEquals(resizes, [
    [0, 2, 500],
    [500, 3, 500],
    [1_000, 4, 500],
    [2_000, 4, 600],
    [2_600, 4, 700],
    [3_300, 4, 800],
  ]);
});

test("ClientPool that a listener of its resize closes leaves no timer behind", async () => {
  await using setting = setUp({ minCapacity: 1, maxCapacity: 1 });
  const { clock, pool } = setting;
  pool.addEventListener("resize", () => pool.close());
  pool.start();
  await clock.advance(60_000);
  const { intervalMs } = pool;
  await clock.advance(60_000);
  assertEquals([pool.isReady, pool.intervalMs, clock.pending], [false, intervalMs, 0]);
});

test("ClientPool shortens the interval while less than 20 % is idle, and keeps it between 20 % and 80 %", async () => {
  await using setting = await setUpFull({ minCapacity: 10, maxCapacity: 10, minIntervalMs: 500, maxIntervalMs: 1_000 });
  const { clock, network, pool } = setting;
  network.isDark = true;
  const intervals: number[] = [];
  pool.addEventListener("resize", ({ detail }) => intervals.push(detail.intervalMs));
  for (const idle of [8, 2]) {
    await take(pool, pool.active - idle);
    await clock.advance(3_000);
    assertEquals([pool.active, pool.intervalMs], [idle, 1_000]);
  }
  await take(pool, 1);
  await clock.advance(5_000);
  assertEquals(intervals, [900, 800, 700, 600, 500]);
});

test("ClientPool adapts the interval once per interval, however much is taken meanwhile", async () => {
  await using setting = await setUpFull({ minCapacity: 5, maxCapacity: 5, minIntervalMs: 500, maxIntervalMs: 800 });
  const { clock, pool } = setting;
  for (let round = 0; round < 10; round++) {
    await take(pool, 5);
    await clock.advance(10);
    assertEquals(sizeOf(pool), { active: 5, capacity: 5, intervalMs: 800 });
  }
});

test("ClientPool takes the success of a cycle's dials for a change of capacity", async () => {
  // [dials of a cycle that succeed, of 5; capacity afterwards]
  const cases: [number, number][] = [[5, 6], [4, 5], [3, 5], [1, 5], [0, 4]];
  for (const [succeeding, capacity] of cases) {
    await using setting = setUp({ minCapacity: 1, maxCapacity: 10, maxBackoffMs: 60_000 });
    const { world, clock, server, pool } = setting;
    pool.start();
    await clock.advance(1_500);
    assertEquals(sizeOf(pool), { active: 4, capacity: 5, intervalMs: 500 });
    await clock.advance(500 - 1);
    await take(pool, 4);
    world.random = () => 0.999;
    let visit = 0;
    server.accepts = () => visit++ < succeeding;
    await clock.advance(0);
    assertEquals(visit, 5);
    assertEquals(pool.capacity, capacity, `${succeeding} of 5 dials succeeded`);
  }
});

test("ClientPool lowers the capacity with each dial that fails, down to its minimum", async () => {
  await using setting = await setUpFull({ minCapacity: 2, maxCapacity: 5 });
  const { clock, server, pool } = setting;
  server.accepts = () => false;
  await take(pool, 5);
  const capacities: number[] = [];
  pool.addEventListener("dialerror", () => queueMicrotask(() => capacities.push(pool.capacity)));
  await clock.advance(20_000);
  // The five dials are one cycle; each probe after them is a cycle of its own.
  assertEquals(capacities.slice(0, 10), [5, 5, 5, 5, 4, 3, 2, 2, 2, 2]);
});

test("ClientPool dials at once for links that are taken, as many as they are", async () => {
  await using setting = await setUpFull({ minCapacity: 4, maxCapacity: 4 });
  const { clock, network, pool } = setting;
  await clock.advance(10);
  await take(pool, 3);
  assertEquals([pool.active, network.dials.length], [1, 0]);
  await clock.advance(0);
  assertEquals([pool.active, network.dials], [4, [60_010, 60_010, 60_010]]);
});

test("ClientPool dials at once for callers that find no idle link, up to its maximum capacity", async () => {
  await using setting = await setUpFull({ minCapacity: 1, maxCapacity: 3 });
  const { clock, network, pool } = setting;
  network.delayMs = () => 10;
  const taken = take(pool, 3 + 5);
  await clock.advance(0);
  assertEquals(network.dialing, 3);
  await clock.advance(30);
  assertEquals([pool.stats().waiting, network.dialing], [2, 3]);
  await clock.advance(30);
  await taken;
});

test("ClientPool dials at once for a link that is lost", async () => {
  await using setting = await setUpFull({ minCapacity: 3, maxCapacity: 3 });
  const { clock, network, server, pool } = setting;
  await clock.advance(10);
  server.openPeers[0].socket.cable.lose();
  server.openPeers[1].socket.terminate();
  await clock.advance(0);
  assertEquals(network.dials, [60_010, 60_010]);
  assertEquals([pool.active, pool.stats().lost, pool.stats().dialFailures], [3, 2, 0]);
});

test("ClientPool keeps its size when a stream ends", async () => {
  await using setting = await setUpFull({ minCapacity: 3, maxCapacity: 3, minIntervalMs: 500, maxIntervalMs: 5_000 });
  const { clock, server, pool } = setting;
  const connections = await take(pool, 3);
  await clock.advance(0);
  const before = sizeOf(pool);
  for (const connection of connections) connection.close();
  await clock.advance(10);
  assertEquals(server.openPeers.length, 3);
  assertEquals(sizeOf(pool), before);
});

test("ClientPool never dials more than dialConcurrency at a time", async () => {
  await using setting = setUp({ minCapacity: 30, maxCapacity: 30, dialConcurrency: 4, maxBackoffMs: 50 });
  const { clock, network, server, pool } = setting;
  let delayMs = 0;
  network.delayMs = () => (delayMs = (delayMs * 7 + 5) % 31);
  server.accepts = (visit) => visit < 60 || visit % 3 > 0;
  pool.start();
  for (let round = 0; round < 20; round++) {
    await clock.advance(100);
    await take(pool, Math.min(10, pool.active));
    for (const { socket } of server.openPeers.slice(0, 3)) socket.cable.lose();
  }
  assert(network.dials.length > 100, `only ${network.dials.length} dials`);
  assertEquals(network.mostDialing, 4);
});

test("ClientPool makes one probe dial at a time while dials fail, after pauses that double up to maxBackoffMs", async () => {
  await using setting = setUp({ minCapacity: 8, maxCapacity: 8, maxBackoffMs: 2_000 });
  const { clock, network, server, pool } = setting;
  server.accepts = () => false;
  const errors: unknown[] = [];
  pool.addEventListener("dialerror", ({ detail: { attempt, retryInMs } }) => errors.push([attempt, retryInMs]));
  pool.start();
  await clock.advance(0);
  assertEquals(errors, Array(8).fill([1, 75]));
  network.dials.length = network.mostDialing = 0;
  await clock.advance(6_000);
  // Halfway between 50 ms and 100, 200, 400, 800, 1,600, 2,000, 2,000 ms.
  assertEquals(network.dials, [75, 200, 425, 850, 1_675, 2_700, 3_725, 4_750, 5_775]);
  assertEquals(network.mostDialing, 1);
  assertEquals(errors.slice(8, 11), [[2, 125], [3, 225], [4, 425]]);
});

test("ClientPool waits for a probe that is not answered before it makes the next", async () => {
  await using setting = setUp({ minCapacity: 8, dialTimeoutMs: 3_000 });
  const { clock, network, server, pool } = setting;
  server.accepts = () => false;
  pool.start();
  await clock.advance(0);
  network.isDark = true;
  network.dials.length = network.mostDialing = 0;
  await clock.advance(75 + 2_999);
  assertEquals([network.dials, network.dialing], [[75], 1]);
  await clock.advance(1 + 125);
  assertEquals([network.dials, network.mostDialing], [[75, 3_200], 1]);
});

const gets: Record<string, (pool: ClientPool, options: GetOptions) => Promise<PoolConnection>> = {
  "any link": (pool, options) => pool.incomingGet(options),
  "a link by id": (pool, options) => pool.outgoingGet("a1b2c3d4", options),
  "a stream that the peer opens": (pool, options) => pool.accept(options),
};

test("ClientPool tells a caller that waited in vain of no dial failure from before the last link", async () => {
  await using setting = setUp({ maxCapacity: 1 });
  const { clock, network, server, pool } = setting;
  server.accepts = (visit) => visit > 0;
  pool.start();
  await clock.advance(1_000);
  assertEquals(pool.stats().dialFailures, 1);
  network.delayMs = () => 60_000;
  await pool.incomingGet();
  const failed = assertRejects(() => pool.incomingGet({ timeoutMs: 100 }), PoolTimeoutError);
  await clock.advance(100);
  const { message, cause } = await failed;
  assertMatch(message, /, waiting 1\)$/);
  assertEquals(cause, undefined);
});

for (const [kind, get] of Object.entries(gets)) {
  test(`ClientPool pauses for at most 1 s between probes while a caller waits for ${kind}`, async () => {
    await using setting = setUp({ maxBackoffMs: 60_000, protocol: 2 });
    const { clock, network, server, pool } = setting;
    server.accepts = () => false;
    pool.start();
    await clock.advance(150_000);
    const got = assertRejects(() => get(pool, { timeoutMs: 10_000 }));
    const since = clock.now();
    network.dials.length = 0;
    await clock.advance(10_000);
    await got;
    const pauses = network.dials.map((at, index, all) => at - (all[index - 1] ?? since));
    assertEquals(pauses.slice(0, 9), Array(9).fill(1_000));
    network.dials.length = 0;
    await clock.advance(20_000);
    assertEquals(network.dials.length, 0, "the pauses are long again");
  });
}

test("ClientPool leaves a pause alone that is shorter than a waiting caller's", async () => {
  await using setting = setUp({ maxBackoffMs: 60_000 });
  const { clock, network, server, pool } = setting;
  server.accepts = () => false;
  pool.start();
  await clock.advance(60);
  const got = assertRejects(() => pool.incomingGet({ timeoutMs: 100 }));
  await clock.advance(100);
  await got;
  assertEquals(network.dials, [0, 75]);
});

for (const isAwaited of [false, true]) {
  test(`ClientPool refills at once when the first probe succeeds, ${isAwaited ? "while" : "and no"} call waits`, async () => {
    await using setting = await setUpFull({
      minCapacity: 6,
      maxCapacity: 6,
      minIntervalMs: 60_000,
      maxIntervalMs: 60_000,
    });
    const { clock, network, server, pool } = setting;
    server.close();
    await clock.advance(45_000);
    assertEquals([pool.active, network.dials.slice(0, 7)], [0, [...Array(6).fill(60_000), 60_075]]);
    server.restart();
    const got = isAwaited ? take(pool, 1) : undefined;
    network.dials.length = 0;
    await clock.advance(isAwaited ? 1_000 : 5_000);
    await got;
    const [probe] = network.dials;
    assertEquals([network.dials, pool.active], [Array(isAwaited ? 7 : 6).fill(probe), 6]);
  });
}

test("ClientPool grows its pauses again from the smallest after a quiet time", async () => {
  await using setting = await setUpFull({ minCapacity: 1, maxCapacity: 1, maxBackoffMs: 1_000 });
  const { clock, network, server, pool } = setting;
  server.close();
  await clock.advance(10_000);
  server.restart();
  await clock.advance(10_000);
  assertEquals(pool.active, 1);
  server.close();
  network.dials.length = 0;
  await clock.advance(300);
  assertEquals(network.dials, [80_000, 80_075, 80_200]);
});

const endings: [string, (socket: FakeSocket) => void][] = [
  ["is closed", (socket) => socket.close(1011, "no")],
  ["is closed in order", (socket) => socket.close(1000, "")],
  ["breaks the protocol", (socket) => socket.send("text")],
];
for (const [what, end] of endings) {
  test(`ClientPool does not dial in a tight loop when each link ${what} at once`, async () => {
    await using setting = setUp({ minCapacity: 16, maxCapacity: 16 });
    const { clock, network, server, pool } = setting;
    let delayMs = 5;
    network.delayMs = () => (delayMs = (delayMs * 7 + 5) % 31);
    server.greet = ({ socket }, index) => {
      socket.send(idOf(index));
      end(socket);
    };
    pool.start();
    await clock.advance(30_000);
    // After the doubling, pauses are 2.5 s, and each is followed by one full refill at most.
    const rounds = 7 + 30 / 2.5;
    assert(network.dials.length <= 17 * rounds, `${network.dials.length} dials in 30 s`);
    assert(network.dials.length >= rounds, `only ${network.dials.length} dials in 30 s`);
    assert(pool.stats().dialFailures > 0);
  });
}

test("ClientPool counts a link that was lost late as lost alone, and one that was closed in order as neither", async () => {
  await using setting = await setUpFull({ minCapacity: 2, maxCapacity: 2 });
  const { clock, server, pool } = setting;
  server.openPeers[0].socket.close(1011, "");
  server.openPeers[1].socket.close(1001, "");
  await clock.advance(0);
  const { lost, dialFailures } = pool.stats();
  assertEquals([lost, dialFailures, pool.errorCount], [1, 0, 1]);
});

test("ClientPool replaces links at their age within 10 %, each at its own time", async () => {
  await using setting = setUp({ minCapacity: 3, maxCapacity: 3, maxLinkAgeMs: 100_000 });
  const { world, clock, server, pool } = setting;
  const spread = [0, 0.5, 0.999];
  world.random = () => spread.shift() ?? 0.5;
  pool.start();
  await clock.advance(89_000);
  assertEquals(pool.stats().retired, 0);
  const ends: unknown[] = [];
  pool.addEventListener("linkclose", ({ detail }) => ends.push([clock.now(), detail]));
  await clock.advance(24_000);
  const end = { code: 1000, reason: "age", inUse: false, peer: undefined };
  assertEquals(ends, [
    [90_000, { id: "00000000", ...end }],
    [100_000, { id: "00000001", ...end }],
    [110_000, { id: "00000002", ...end }],
  ]);
  assertEquals(server.peers.slice(0, 3).map(({ closedWith }) => closedWith?.code), [1000, 1000, 1000]);
  assertEquals([pool.active, pool.stats().retired], [3, 3]);
});

test("ClientPool retires no link in use, and none where maxLinkAgeMs is 0", async () => {
  await using setting = setUp({ maxLinkAgeMs: 10_000 });
  const { world, clock, server } = setting;
  const ageless = world.clientPool({ url: urlOf(server), maxLinkAgeMs: 0, minCapacity: 1, maxCapacity: 1 });
  setting.pool.start();
  ageless.start();
  await clock.advance(0);
  const [connection] = await take(setting.pool, 1);
  await clock.advance(60_000);
  assertEquals(server.peers[0].closedWith, undefined);
  assert(setting.pool.stats().retired > 0);
  assertEquals([ageless.stats().retired, ageless.stats().dialed], [0, 1]);
  await Promise.all([connection.close(), clock.advance(0)]);
});

test("ClientPool retires idle links above its capacity, the oldest first", async () => {
  await using setting = await setUpFull({ minCapacity: 1, maxCapacity: 1 });
  const { world, clock, network, server } = setting;
  const pool = world.clientPool({ url: urlOf(server), minCapacity: 1, maxCapacity: 8 });
  network.delayMs = () => 10;
  const controller = new AbortController();
  const { signal } = controller;
  pool.start();
  const calls = Array.from({ length: 6 }, () => assertRejects(() => pool.incomingGet({ signal })));
  await clock.advance(5);
  controller.abort();
  await Promise.all(calls);
  const opened: string[] = [];
  pool.addEventListener("linkopen", ({ detail }) => opened.push(detail.id));
  await clock.advance(40);
  assertEquals([pool.active, pool.capacity], [6, 3]);
  const closed: string[] = [];
  pool.addEventListener("linkclose", ({ detail }) => closed.push(`${detail.id} ${detail.reason}`));
  await clock.advance(600);
  assertEquals(closed, [], "they were needed since the last tick");
  await clock.advance(600);
  assertEquals(closed, opened.slice(0, 3).map((id) => `${id} above capacity`));
  assertEquals([pool.active, pool.stats().retired], [3, 3]);
});

test("ClientPool fails a dial at its deadline, wherever it stands", async () => {
  await using setting = setUp({ dialTimeoutMs: 2_000 });
  const { clock, network, server, pool } = setting;
  server.greet = () => {};
  const errors: Error[] = [];
  pool.addEventListener("dialerror", ({ detail }) => errors.push(detail.error));
  pool.start();
  await clock.advance(1_999);
  assertEquals([pool.stats().dialing, pool.stats().links, errors.length], [1, 0, 0]);
  network.isDark = true;
  await clock.advance(1 + 75 + 2_000);
  assertEquals(
    errors.map(({ message }) => message),
    [": the server sent no first message", ""].map((where) =>
      `Cannot dial ${urlOf(server)}: no link within 2000 ms${where}`
    ),
  );
  for (const error of errors) assertInstanceOf(error, PoolError);
  assertEquals([network.openSockets, network.dialing], [0, 0]);
});

test("ClientPool tells what became of its dials and links", async () => {
  await using setting = setUp({ minCapacity: 1, maxCapacity: 1 });
  const { clock, server, pool } = setting;
  server.accepts = (visit) => visit > 0;
  const events: unknown[] = [];
  pool.addEventListener("dialerror", ({ detail }) => events.push([detail.error.message, detail.attempt]));
  pool.addEventListener("linkopen", ({ detail }) => events.push(detail));
  pool.addEventListener("linkclose", ({ detail }) => events.push(detail));
  pool.start();
  await clock.advance(1_500);
  const connection = await pool.incomingGet();
  await clock.advance(0);
  server.peers[0].socket.close(1011, "broken");
  await clock.advance(0);
  await assertRejects(() => connection.closed);
  assertEquals(events, [
    [`Cannot dial ${urlOf(server)}: server answered 503`, 1],
    { id: "00000000", protocol: 1, peer: undefined },
    { id: "00000001", protocol: 1, peer: undefined },
    { id: "00000000", code: 1011, reason: "broken", inUse: true, peer: undefined },
  ]);
  const { lastError } = pool.stats();
  assertEquals(lastError?.message, `Cannot dial ${urlOf(server)}: server answered 503`);
});

test("ClientPool fetches the newest of links that have the same id, as a restarted server names them", async () => {
  await using setting = await setUpFull({ minCapacity: 1, maxCapacity: 1 });
  const { world, clock, server } = setting;
  server.greet = ({ socket }) => socket.send(new Uint8Array(4));
  const pool = world.clientPool({ url: urlOf(server), minCapacity: 2, maxCapacity: 2 });
  pool.start();
  await clock.advance(0);
  const [, older, newer] = server.peers;
  const first = await pool.outgoingGet("00000000");
  const second = await pool.outgoingGet("00000000");
  newer.socket.send(new Uint8Array([2]));
  older.socket.send(new Uint8Array([1]));
  await clock.advance(0);
  const read = async ({ readable }: typeof first) => [...(await readable.getReader().read()).value!];
  assertEquals([await read(first), await read(second)], [[2], [1]]);
});

test("ClientPool.close() in the very turn in which a dial succeeds leaves nothing open", async () => {
  await using setting = setUp();
  const { clock, network, server, pool } = setting;
  server.greet = () => {};
  const started = assertRejects(() => pool.start(), PoolClosedError);
  await clock.advance(0);
  const [{ client }] = network.cables;
  const handshake = client.handler!;
  let closed: Promise<void> | undefined;
  client.handler = {
    onMessage(message) {
      handshake.onMessage(message);
      closed = pool.close();
    },
    onDrain() {},
    onClose() {},
  };
  server.peers[0].socket.send(idOf(0));
  await clock.advance(0);
  await Promise.all([closed, started]);
  assertEquals([network.openSockets, pool.stats().links, clock.pending], [0, 0, 0]);
});

for (const action of ["close", "flush"] as const) {
  test(`ClientPool.${action}() in a listener of linkopen closes the link`, async () => {
    await using setting = setUp();
    const { clock, server, pool } = setting;
    let closed: Promise<void> | undefined;
    pool.addEventListener("linkopen", () => closed ??= pool[action]());
    pool.start();
    await clock.advance(1_000);
    await closed;
    assertEquals(server.peers[0].closedWith?.code, 1000);
  });
}

test("ClientPool.close() gives up the dials that are under way", async () => {
  await using setting = setUp({ minCapacity: 4 });
  const { clock, network, pool } = setting;
  network.isDark = true;
  pool.start();
  await clock.advance(0);
  assertEquals(network.dialing, 4);
  await pool.close();
  assertEquals([network.dialing, network.openSockets, clock.pending], [0, 0, 0]);
  assertEquals([pool.isReady, pool.stats().dialing, pool.stats().dialFailures], [false, 0, 0]);
});

for (
  const ends of [
    "when it is taken",
    "as soon as it has taken it",
    "with nonsense",
    "behind a stream of its own",
    "behind a stream that it ended in order",
  ]
) {
  test(`ClientPool does not dial in a tight loop when the server drops each link ${ends}`, async () => {
    await using setting = setUp({ protocol: "auto", minCapacity: 16, maxCapacity: 16, getTimeoutMs: Infinity });
    const { clock, network, server, pool } = setting;
    server.greet = ({ socket }, index) => {
      const id = index.toString(16).padStart(8, "0");
      socket.send(`{"npws":2,"id":"${id}","window":262144,"pool":"0123456789abcdef"}`);
      socket.handler = {
        onMessage(message) {
          if (ends === "when it is taken" && message === "take") socket.terminate();
          if (ends === "when it is taken" || !String(message).startsWith("{")) return;
          socket.send("take");
          if (ends === "with nonsense") return void socket.send("nonsense");
          if (ends === "behind a stream that it ended in order") {
            socket.send("fin");
            return socket.close(1000, "");
          }
          if (ends === "behind a stream of its own") { for (const end of ["reset 0", "stop 0"]) socket.send(end); }
          socket.close(1011, "");
        },
        onDrain() {},
        onClose() {},
      };
    };
    pool.start();
    const waiting = assertRejects(() => pool.incomingGet(), PoolClosedError);
    await clock.advance(30_000);
    const { dialFailures } = pool.stats();
    assert(network.dials.length < 1_500, `${network.dials.length} dials in 30 s`);
    assert(dialFailures > 10, `${dialFailures} failures`);
    await Promise.all([pool.close(), clock.advance(10_000)]);
    await waiting;
  });
}

test("ClientPool tells once that a server closes links which were just opened, and waits before it dials again", async () => {
  await using setting = setUp({ minCapacity: 5, maxCapacity: 5 });
  const { clock, network, server, pool } = setting;
  const told: string[] = [];
  pool.addEventListener("dialerror", ({ detail }) => told.push(detail.error.message));
  pool.start();
  await clock.advance(100);
  assertEquals([pool.active, network.dials.length], [5, 5]);
  for (const { socket } of server.peers) socket.close(1000, "pool closed");
  await clock.advance(0);
  assertEquals(told, ["Cannot keep link: closed with code 1000 (pool closed) as soon as it was open"]);
  assertEquals([pool.active, network.dials.length, pool.stats().dialFailures], [0, 5, 1]);
});

test("ClientPool offers npws/2 behind the query as it stands", async () => {
  await using world = new FakeWorld();
  const seen: string[] = [];
  const authorize = ({ url }: Request) => seen.push(url.replace(/^.*:\d+/, "")) > 0;
  const server = await world.startServerPool({ protocol: "auto", authorize });
  for (const query of ["?sig=a%20b~(c)&flag&k=v%2Fw==", "", "?"]) {
    const url = `${urlOf(server)}${query}`;
    world.clientPool({ url, protocol: "auto", minCapacity: 1, maxCapacity: 1 }).start();
    await world.settle();
  }
  assertEquals(seen, ["/?sig=a%20b~(c)&flag&k=v%2Fw==&npws=2", "/?npws=2", "/?npws=2"]);
});

test("ClientPool retires no idle link of npws/1 that the server has begun to use, for half a minute", async () => {
  for (const isFetched of [true, false]) {
    await using setting = await setUpFull({ minCapacity: 1, maxCapacity: 1, maxLinkAgeMs: 100_000 });
    const { clock, server, pool } = setting;
    await clock.advance(35_000);
    server.openPeers[0].socket.send(new Uint8Array([1, 2, 3]));
    await clock.advance(20_000);
    assertEquals([pool.stats().retired, pool.errorCount], [0, 0]);
    if (isFetched) {
      const connection = await pool.outgoingGet("00000000");
      assertEquals((await connection.readable.getReader().read()).value, new Uint8Array([1, 2, 3]));
    } else {
      await clock.advance(15_000);
      assertEquals([pool.stats().retired, pool.errorCount], [1, 1]);
    }
  }
});

import type { ClientPoolOptions, PoolConnection } from "@npws/pool";
import { assert, assertEquals } from "@std/assert";
import type { ClientPool } from "../../src/pool/client_pool.ts";
import { type FakePeer, FakeWorld, idOf, urlOf } from "../fake_world.ts";
import { test } from "../harness.ts";

const maxCapacity = 16;
const acceptBacklog = 128;

/** How long a stream that the server took waits for the application, in milliseconds. */
const FETCH_MS = 30_000;

/** How long the server has to end a stream that was given up, in milliseconds. */
const GIVEN_UP_MS = 30_000;

/** A client pool, and an npws/2 server that sends on each link what a test wants, and answers heartbeats. */
async function withServer(
  greedy: { options?: Partial<ClientPoolOptions>; says: readonly string[]; endsStreams?: boolean; givesBack?: boolean },
  run: (pool: ClientPool, world: FakeWorld, peers: FakePeer[]) => Promise<void>,
): Promise<void> {
  await using world = new FakeWorld();
  world.network.delayMs = () => 5;
  const server = world.server();
  server.greet = ({ socket }, index) => {
    socket.send(JSON.stringify({ npws: 2, id: idOf(index).toHex(), window: 1_024, pool: "00112233445566ff" }));
    socket.handler = {
      onMessage(message) {
        const text = message as string;
        if (text.startsWith("{")) { for (const said of greedy.says) socket.send(said); }
        if (text === "take") socket.send("ok");
        if (text.startsWith("ping")) socket.send(text.replace("ping", "pong"));
        if (text.startsWith("stop") && greedy.endsStreams) socket.send("reset 2");
        if (text === "idle" && greedy.givesBack) socket.send(`idle ${idOf(1_000 + index).toHex()}`);
      },
      onDrain() {},
      onClose() {},
    };
  };
  const pool = world.clientPool({
    url: urlOf(server),
    protocol: "auto",
    maxCapacity,
    acceptBacklog,
    ...greedy.options,
  });
  pool.start();
  await run(pool, world, server.peers);
}

/** The highest number of links at any time during this many milliseconds. */
async function mostLinks(pool: ClientPool, world: FakeWorld, ms: number): Promise<number> {
  let most = 0;
  for (let passed = 0; passed < ms; passed += 100) {
    await world.clock.advance(100);
    most = Math.max(most, pool.stats().links);
  }
  return most;
}

test("a server that wants any number of links has a client dial maxCapacity", () =>
  withServer({ says: [`want ${Number.MAX_SAFE_INTEGER}`] }, async (pool, world, peers) => {
    assertEquals(await mostLinks(pool, world, 2_000), maxCapacity);
    for (let count = 0; count < 100; count++) peers[count % peers.length].socket.send("want 1000000");
    assertEquals([await mostLinks(pool, world, 2_000), pool.stats().dialed], [maxCapacity, maxCapacity]);
  }));

for (const says of [["take"], ["want 1000000", "take"], ["take", "reset 0", "stop 0"]]) {
  test(`a server that says ${says.join(" and ")} on every link has a client dial a bounded number`, () =>
    withServer({ says }, async (pool, world) => {
      const bound = acceptBacklog + maxCapacity;
      const most = await mostLinks(pool, world, FETCH_MS - 1_000);
      // A second after its stream has ended, the server is overdue in giving a link back.
      assert(most >= acceptBacklog && most <= (says.includes("stop 0") ? 2 * bound : bound), `${most} links`);
      // Streams that were given up but that the server does not end stay for some time, while the next ones begin.
      const later = await mostLinks(pool, world, 4 * FETCH_MS);
      assert(later <= 2 * bound, `${later} links`);
    }));
}

test("a server whose application reads slowly does not keep a client from dialing", () =>
  withServer({ says: ["take", "reset 0", "stop 0"], options: { maxStreamsPerLink: 1_000 } }, async (pool, world) => {
    await mostLinks(pool, world, 10_000);
    const { dialed } = pool.stats();
    await mostLinks(pool, world, 10_000);
    assert(pool.stats().dialed > dialed + maxCapacity, `${pool.stats().dialed - dialed} links`);
  }));

test("a server that opens a stream on every link has a client keep acceptBacklog and its capacity", () =>
  withServer({ says: ["open"] }, async (pool, world) => {
    const bound = acceptBacklog + maxCapacity;
    const most = await mostLinks(pool, world, FETCH_MS - 1_000);
    assert(most <= bound, `${most} links`);
  }));

for (
  const [endsStreams, givesBack, what] of [
    [false, false, "does not end it"],
    [true, false, "ends it, and does not give the link back"],
    [true, true, "ends it, and gives the link back"],
  ] as const
) {
  test(`a link whose stream was given up is ${givesBack ? "used again" : "dropped"} when the server ${what}`, () =>
    withServer(
      { says: ["take"], endsStreams, givesBack, options: { maxCapacity: 1, acceptBacklog: 10_000 } },
      async (pool, world, peers) => {
        await world.clock.advance(100);
        assertEquals(pool.stats().inUse, 1);
        await world.clock.advance(FETCH_MS);
        const [{ socket }] = peers;
        await world.clock.advance(GIVEN_UP_MS - 1_000);
        if (!givesBack) assertEquals(socket.isGone, false);
        await world.clock.advance(2_000);
        assert(givesBack ? pool.stats().recycled > 0 : socket.isGone);
      },
    ));
}

async function getNow(pool: ClientPool, world: FakeWorld): Promise<PoolConnection> {
  const connection = pool.incomingGet();
  await world.clock.advance(100);
  return await connection;
}

const givesUp: Record<string, (connection: PoolConnection) => unknown> = {
  "abort()": (connection) => connection.abort(),
  "close()": (connection) => connection.close(),
  "readable.cancel() and writable.close()": ({ readable, writable }) =>
    Promise.all([readable.cancel(), writable.close()]),
};

for (const [how, giveUp] of Object.entries(givesUp)) {
  test(`a link whose stream the application gave up by ${how} is dropped when the server does not end it`, () =>
    withServer({ says: [], options: { maxCapacity: 1 } }, async (pool, world, peers) => {
      const connection = await getNow(pool, world);
      const [{ socket }] = peers;
      giveUp(connection);
      await world.clock.advance(GIVEN_UP_MS - 1_000);
      assertEquals([socket.isGone, pool.stats().inUse], [false, 1]);
      await world.clock.advance(2_000);
      assertEquals([socket.isGone, pool.stats().inUse], [true, 0]);
    }));
}

test("a link is not dropped whose stream the application does not read, or still writes", () =>
  withServer({ says: [], options: { maxCapacity: 1 } }, async (pool, world, peers) => {
    const { readable, writable } = await getNow(pool, world);
    const [{ socket }] = peers;
    await readable.cancel();
    await world.clock.advance(3 * GIVEN_UP_MS);
    assertEquals([socket.isGone, pool.stats().inUse], [false, 1]);
    await writable.close();
    await world.clock.advance(GIVEN_UP_MS - 1_000);
    assertEquals(socket.isGone, false);
  }));

test("a client dials on at once when its application fetches what the server took", () => {
  const options = { acceptBacklog: 1, minCapacity: 4, maxCapacity: 4, minIntervalMs: 60_000, maxIntervalMs: 60_000 };
  return withServer({ says: ["take"], options }, async (pool, world, peers) => {
    const most = await mostLinks(pool, world, 2_000);
    assert(most <= 8, `${most} links`);
    const ids = peers.map((_, index) => idOf(index).toHex());
    const fetched = await Promise.all(ids.map((id) => pool.outgoingGet(id)));
    assertEquals(fetched.length, most);
    await world.clock.advance(150);
    assert(pool.stats().links > most);
  });
});

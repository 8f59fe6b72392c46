import { assert, assertEquals, assertInstanceOf, assertRejects } from "@std/assert";
import type { PoolConnection } from "../../src/connection/connection.ts";
import { ConnectionLostError, ProtocolError } from "../../src/errors.ts";
import type { ServerPoolOptions } from "../../src/options/server_options.ts";
import { FakeWorld, urlOf } from "../fake_world.ts";
import { test } from "../harness.ts";

const KIB = 1_024;

/** A server pool with one idle npws/1 link, whose other end the test holds. */
async function setUp({ canPause = true, ...options }: ServerPoolOptions & { canPause?: boolean } = {}) {
  const world = new FakeWorld();
  world.network.highWaterBytes = Infinity;
  const pool = await world.startServerPool(options, { canPause });
  const peer = await world.dial(pool);
  const [cable] = world.network.cables;
  return {
    world,
    clock: world.clock,
    pool,
    peer,
    /** The pool's end. */
    own: cable.server,
    /** Sends `count` messages of 64 KiB. */
    flood(count: number): void {
      for (let sent = 0; sent < count; sent++) peer.socket.send(new Uint8Array(64 * KIB));
    },
    [Symbol.asyncDispose]: () => world[Symbol.asyncDispose](),
  };
}

/** Reads this many bytes. */
async function read(connection: PoolConnection, bytes: number): Promise<void> {
  const reader = connection.readable.getReader({ mode: "byob" });
  for (let left = bytes; left > 0;) left -= (await reader.read(new Uint8Array(left))).value!.byteLength;
  reader.releaseLock();
}

test("Npws1Link is pinged after each keepAliveMs of silence, and never judged by the answer", async () => {
  await using setting = await setUp({ keepAliveMs: 10_000, heartbeatTimeoutMs: 1_000 });
  const { clock, pool, peer, own } = setting;
  peer.socket.silence();
  await clock.advance(9_000);
  assertEquals(own.pings, 0);
  await clock.advance(2_000);
  assertEquals(own.pings, 1);
  await clock.advance(3_600_000);
  assert(own.pings > 300 && own.pings <= 361, `${own.pings} pings in an hour`);
  assertEquals([pool.active, peer.closedWith], [1, undefined]);
});

test("Npws1Link is pinged while it is in use too, but not while the peer is heard", async () => {
  await using setting = await setUp({ keepAliveMs: 5_000 });
  const { clock, pool, peer, own } = setting;
  const connection = await pool.incomingGet();
  for (let second = 0; second < 60; second++) {
    peer.socket.send(new Uint8Array([1]));
    await clock.advance(1_000);
  }
  assertEquals(own.pings, 0);
  await clock.advance(10_000);
  assert(own.pings > 0);
  await read(connection, 60);
});

test("Npws1Link is never pinged where keepAliveMs is 0", async () => {
  await using setting = await setUp({ keepAliveMs: 0 });
  await setting.clock.advance(600_000);
  assertEquals(setting.own.pings, 0);
});

test("Npws1Link of a client pool is pinged and not judged either", async () => {
  await using world = new FakeWorld();
  const server = world.server();
  const pool = world.clientPool({ url: urlOf(server), maxCapacity: 1, keepAliveMs: 5_000, maxLinkAgeMs: 0 });
  pool.start();
  await world.settle();
  server.peers[0].socket.silence();
  await world.clock.advance(600_000);
  assertEquals([pool.active, pool.stats().dialed], [1, 1]);
  assert([...world.network.cables][0].client.pings > 90);
});

test("Npws1Link is held back at 256 KiB unread, and goes on at half of it", async () => {
  await using setting = await setUp();
  const { clock, pool, flood } = setting;
  const connection = await pool.incomingGet();
  flood(20);
  await clock.advance(0);
  assertEquals(pool.stats().bytesRead, 256 * KIB);
  await read(connection, 127 * KIB);
  await clock.advance(0);
  assertEquals(pool.stats().bytesRead, 256 * KIB);
  await read(connection, KIB);
  await clock.advance(0);
  assertEquals(pool.stats().bytesRead, (256 + 128) * KIB);
  while (connection.bytesRead < 20 * 64 * KIB) {
    await read(connection, 64 * KIB);
    await clock.advance(0);
  }
  assertEquals(pool.stats().inUse, 1);
});

test("Npws1Link that cannot be held back fails above receiveLimitBytes, and says why", async () => {
  await using setting = await setUp({ canPause: false, receiveLimitBytes: 640 * KIB });
  const { clock, pool, peer, flood } = setting;
  const connection = await pool.incomingGet();
  flood(10);
  await clock.advance(0);
  assertEquals(pool.stats().inUse, 1);
  flood(1);
  await clock.advance(0);
  const error = await assertRejects(() => connection.closed, ProtocolError);
  assertEquals(
    error.message,
    `Cannot keep unread bytes of connection ${peer.id}: 720896 bytes exceed receiveLimitBytes (655360), ` +
      "and a peer on npws/1 has no flow control",
  );
  assertEquals(peer.closedWith, { code: 1008, reason: "receive limit" });
});

test("Npws1Link that idles is not held back, and fails above receiveLimitBytes", async () => {
  await using setting = await setUp({ receiveLimitBytes: 640 * KIB });
  const { clock, pool, peer, flood } = setting;
  flood(10);
  await clock.advance(0);
  assertEquals([pool.active, pool.stats().bytesRead], [1, 640 * KIB]);
  flood(1);
  await clock.advance(0);
  assertEquals([pool.active, peer.closedWith?.code], [0, 1008]);
});

test("Npws1Link with more than 256 KiB unread is held back as soon as it is taken", async () => {
  await using setting = await setUp();
  const { clock, pool, flood } = setting;
  flood(6);
  await clock.advance(0);
  const connection = await pool.incomingGet();
  flood(2);
  await clock.advance(0);
  assertEquals(pool.stats().bytesRead, 6 * 64 * KIB);
  await read(connection, 4 * 64 * KIB);
  await clock.advance(0);
  assertEquals(pool.stats().bytesRead, 8 * 64 * KIB);
});

test("Npws1Link that is held back is looked at every second, so that the peer's end is noticed", async () => {
  await using setting = await setUp();
  const { clock, pool, peer, flood } = setting;
  const connection = await pool.incomingGet();
  flood(4);
  await clock.advance(0);
  peer.socket.terminate();
  await clock.advance(2_000);
  await assertRejects(() => connection.closed, ConnectionLostError);
  assertEquals(pool.stats().links, 0);
});

test("Npws1Link that is held back takes no more than half of receiveLimitBytes in by being looked at", async () => {
  await using setting = await setUp({ receiveLimitBytes: 1_024 * KIB });
  const { clock, pool, flood } = setting;
  const connection = await pool.incomingGet();
  flood(40);
  await clock.advance(600_000);
  assertEquals([pool.stats().inUse, pool.stats().bytesRead], [1, 512 * KIB]);
  connection.abort();
});

test("Npws1Link that can be held back fails at no receiveLimitBytes, however small", async () => {
  for (const receiveLimitBytes of [1, 128 * KIB]) {
    await using setting = await setUp({ receiveLimitBytes, keepAliveMs: 0 });
    const { clock, pool, flood } = setting;
    const connection = await pool.incomingGet();
    flood(10);
    await clock.advance(0);
    assertEquals([pool.stats().inUse, pool.stats().bytesRead], [1, 64 * KIB]);
    while (connection.bytesRead < 640 * KIB) {
      await read(connection, 64 * KIB);
      await clock.advance(0);
    }
    assertEquals(pool.stats().inUse, 1);
  }
});

test("Npws1Link that idles is closed with 1003 for a text, and nobody gets it", async () => {
  await using setting = await setUp();
  const { clock, pool, peer } = setting;
  peer.socket.send(new Uint8Array([1]));
  peer.socket.send("hello");
  await clock.advance(0);
  assertEquals([pool.active, peer.closedWith], [0, { code: 1003, reason: "text message" }]);
});

test("Npws1Link ignores what comes after its own close", async () => {
  await using setting = await setUp();
  const { clock, pool, peer } = setting;
  const connection = await pool.incomingGet();
  peer.socket.cable.delayMs = 100;
  connection.close();
  peer.socket.send(new Uint8Array([1]));
  peer.socket.send("hello");
  await clock.advance(200);
  assertEquals([pool.stats().bytesRead, peer.closedWith?.code, pool.stats().links], [0, 1000, 0]);
});

test("Npws1Link is dropped when its close is not answered within a second", async () => {
  await using setting = await setUp();
  const { clock, pool, peer } = setting;
  peer.socket.mute();
  pool.flush();
  await clock.advance(999);
  assertEquals(pool.stats().links, 1);
  await clock.advance(1);
  assertEquals([pool.stats().links, pool.stats().lost, pool.errorCount], [0, 0, 0]);
});

test("Npws1Link breaks with the first fault of its peer, whatever follows", async () => {
  await using setting = await setUp();
  const { clock, pool, peer } = setting;
  const connection = await pool.incomingGet();
  peer.socket.send("hello");
  peer.socket.close(1000, "");
  await clock.advance(0);
  const errors = await Promise.all([
    connection.closed.catch((error) => error),
    connection.readable.getReader().read().catch((error) => error),
  ]);
  for (const error of errors) assertInstanceOf(error, ProtocolError);
});

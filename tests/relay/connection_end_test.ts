import { assertEquals, assertRejects, assertStrictEquals } from "@std/assert";
import { ConnectionLostError, ConnectionResetError } from "@npws/pool";
import { relay, type RelayResult } from "@npws/pool/relay";
import { startPools } from "../contract/pools.ts";
import { bytes, readText, write, writeAndClose } from "../contract/streams.ts";
import { FakeWorld, urlOf } from "../fake_world.ts";
import { test } from "../harness.ts";
import { memoryEnds } from "./memory_end.ts";

/** A connection that is relayed to memory, with the far end of each: the peer's, and that of the memory. */
async function setUp() {
  const pools = await startPools({ protocol: 2 });
  const [near, peer] = await Promise.all([pools.client.open(), pools.server.accept()]);
  const memory = memoryEnds();
  return {
    ...pools,
    near,
    peer,
    memory: memory.near,
    far: memory.far,
    [Symbol.asyncDispose]: () => pools[Symbol.asyncDispose](),
  };
}

test("relay() locks the streams of a connection that it moves past them", async () => {
  await using setting = await setUp();
  const moved = relay(setting.near, setting.memory);
  assertEquals([setting.near.readable.locked, setting.near.writable.locked], [true, true]);
  await Promise.all([writeAndClose(setting.peer, "there"), readText(setting.far)]);
  await Promise.all([writeAndClose(setting.far, "and back"), readText(setting.peer)]);
  assertEquals(await moved, { aToB: 5, bToA: 8 });
  assertEquals([setting.near.readable.locked, setting.near.writable.locked], [true, true]);
  await setting.near.closed;
});

test("relay() gives a connection's link back when both directions have ended", async () => {
  await using setting = await setUp();
  const moved = relay(setting.near, setting.memory);
  await Promise.all([writeAndClose(setting.peer, "there"), readText(setting.far)]);
  await Promise.all([writeAndClose(setting.far, "back"), readText(setting.peer)]);
  await moved;
  const again = await setting.client.open();
  assertEquals(setting.client.stats().recycled, 1);
  again.abort();
});

test("relay() refuses to take a connection twice", async () => {
  await using setting = await setUp();
  const aborted = new AbortController();
  const moved = relay(setting.near, setting.memory, { signal: aborted.signal });
  await assertRejects(() => relay(setting.near, memoryEnds().near), TypeError, "of the first end is locked");
  aborted.abort(new Error("enough"));
  await assertRejects(() => moved, Error, "enough");
});

test("relay() breaks the other end when the application closes or aborts its connection", async () => {
  for (const end of ["close", "abort"] as const) {
    await using setting = await setUp();
    const moved = relay(setting.near, setting.memory);
    await Promise.all([write(setting.peer, "first"), setting.far.readable.getReader().read()]);
    setting.near[end]();
    await assertRejects(() => moved, ConnectionResetError, `${end}() was called`);
  }
});

test("relay() breaks the other end when the peer resets, and when its pool closes", async () => {
  await using setting = await setUp();
  const moved = relay(setting.near, setting.memory);
  setting.peer.abort("not needed");
  const error = await assertRejects(() => moved, ConnectionResetError);
  assertEquals(error.reason, "not needed");
  assertStrictEquals(await assertRejects(() => readText(setting.far)), error);

  await using other = await setUp();
  const closed = assertRejects(() => relay(other.near, other.memory), ConnectionResetError, "pool closed");
  await other.server.close({ drainMs: 0 });
  await closed;
});

test("relay() of a connection that is broken already breaks the other end", async () => {
  await using setting = await setUp();
  setting.peer.abort("gone");
  await assertRejects(() => setting.near.closed);
  await assertRejects(() => relay(setting.near, setting.memory), ConnectionResetError);
  await assertRejects(() => readText(setting.far), ConnectionResetError);
});

test("relay() of a connection of which one direction is broken already breaks the other end", async () => {
  await using world = new FakeWorld();
  const server = await world.startServerPool({ protocol: 2 });
  const client = world.clientPool({ url: urlOf(server), protocol: 2 });
  client.start();
  await world.settle();
  const accepted = server.accept();
  const opened = client.open();
  await world.settle();
  const [near, peer] = await Promise.all([opened, accepted]);
  await peer.writable.abort("gone");
  await world.settle();
  const memory = memoryEnds();
  await assertRejects(() => relay(near, memory.near), ConnectionResetError);
  await assertRejects(() => readText(memory.far), ConnectionResetError);
});

test("relay() waits for the peer's reader", async () => {
  await using setting = await setUp();
  const moved = relay(setting.near, setting.memory);
  const writer = setting.far.writable.getWriter();
  const windowAndMore = 1_048_576;
  let taken = 0;
  const written = (async () => {
    for (; taken < windowAndMore; taken += 65_536) await writer.write(new Uint8Array(65_536));
    await writer.close();
  })();
  while (setting.server.stats().bytesRead < 262_144) await new Promise((resolve) => setTimeout(resolve));
  await new Promise((resolve) => setTimeout(resolve));
  assertEquals(setting.server.stats().bytesRead, 262_144);
  const read = readText(setting.peer);
  await written;
  assertEquals((await read).length, windowAndMore);
  await Promise.all([writeAndClose(setting.peer, ""), readText(setting.far)]);
  await moved;
});

test("relay() passes on what an early stream gets and sends", async () => {
  await using pools = await startPools({ protocol: 2 });
  const near = await pools.client.open({ early: true });
  const memory = memoryEnds();
  const moved = relay(near, memory.near);
  const peer = await pools.server.accept();
  await Promise.all([
    writeAndClose(memory.far, "question"),
    readText(peer).then((text) => assertEquals(text, "question")),
  ]);
  await Promise.all([writeAndClose(peer, "answer"), readText(memory.far)]);
  assertEquals(await moved, { aToB: 6, bToA: 8 });
});

test("relay() breaks when a peer that has sent its end stops reading, or is lost", async () => {
  for (const how of ["stop", "loss"] as const) {
    await using setting = await setUp();
    const { near, peer, memory, far, server } = setting;
    const broken = assertRejects(
      () => relay(near, memory),
      how === "stop" ? ConnectionResetError : ConnectionLostError,
    );
    await Promise.all([writeAndClose(peer, "there"), readText(far)]);
    const lost = far.writable.getWriter().closed.catch(() => "broken");
    if (how === "stop") await peer.readable.cancel();
    else for (const link of server["links"]) link.terminate();
    await broken;
    assertEquals(await lost, "broken");
  }
});

const answer = "0123456789".repeat(10_000);

/** The same on npws/1, where a close ends both directions. */
async function setUp1() {
  const pools = await startPools({ protocol: 1 });
  const near = await pools.client.incomingGet();
  const peer = await pools.server.outgoingGet(near.id);
  const memory = memoryEnds();
  return {
    near,
    memory,
    /** The peer sends an answer and closes, and the near end has noticed. */
    async peerCloses() {
      await writeAndClose(peer, answer);
      await near.closed;
    },
    /** Asserts that the whole answer arrives at the far end, which then ends its own direction. */
    async assertWhole(moved: Promise<RelayResult>) {
      assertEquals(await readText(memory.far), answer);
      await memory.far.writable.close();
      assertEquals(await moved, { aToB: answer.length, bToA: 0 });
    },
    [Symbol.asyncDispose]: () => pools[Symbol.asyncDispose](),
  };
}

test("relay() passes on all that a peer of npws/1 sends before its close, and the end", async () => {
  await using setting = await setUp1();
  const moved = relay(setting.near, setting.memory.near);
  await setting.peerCloses();
  await setting.assertWhole(moved);
});

test("relay() takes a connection that a peer of npws/1 has closed already", async () => {
  await using setting = await setUp1();
  await setting.peerCloses();
  await setting.assertWhole(relay(setting.near, setting.memory.near));
});

test("relay() breaks on what comes for a peer of npws/1 that has closed, behind all that this one has sent", async () => {
  await using setting = await setUp1();
  const { near, memory } = setting;
  const broken = assertRejects(
    () => relay(near, memory.near),
    ConnectionLostError,
    "the peer closed it with code 1000",
  );
  await setting.peerCloses();
  const writer = memory.far.writable.getWriter();
  const late = assertRejects(() => Promise.all([writer.write(new Uint8Array(1)), writer.closed]), ConnectionLostError);
  assertEquals(await readText(memory.far), answer);
  await Promise.all([broken, late]);
});

test("relay() of two connections whose peers of npws/1 have closed breaks, for neither takes what the other has sent", async () => {
  await using one = await setUp1();
  await using other = await setUp1();
  await Promise.all([one.peerCloses(), other.peerCloses()]);
  await assertRejects(() => relay(one.near, other.near), ConnectionLostError, "the peer closed it with code 1000");
});

/** A relay, which is to break, of a connection whose npws/1 peer reads nothing. */
async function setUpDeaf1(network: { highWaterBytes?: number }) {
  const world = new FakeWorld();
  Object.assign(world.network, network);
  const pool = await world.startServerPool();
  const peer = await world.dial(pool);
  const near = await pool.incomingGet();
  const memory = memoryEnds();
  const broken = assertRejects(() => relay(near, memory.near), ConnectionLostError);
  peer.socket.pause();
  return {
    far: memory.far,
    broken,
    /** The peer sends something and closes; asserts that all of it arrives. */
    async peerCloses(words: string) {
      await world.settle();
      peer.socket.send(bytes(words));
      peer.socket.close(1000, "");
      await world.settle();
      assertEquals(await readText(memory.far), words);
    },
    [Symbol.asyncDispose]: () => world[Symbol.asyncDispose](),
  };
}

for (const comesMore of [true, false]) {
  const what = comesMore ? "and more comes" : "and nothing more comes";
  test(`relay() passes on the last words of a peer of npws/1 that closes while bytes for it wait, ${what}, and breaks then`, async () => {
    await using setting = await setUpDeaf1({ highWaterBytes: 1_000 });
    const writer = setting.far.writable.getWriter();
    await writer.write(new Uint8Array(100_000));
    const waiting = assertRejects(
      () => Promise.all([comesMore ? writer.write(new Uint8Array(1)) : undefined, writer.closed]),
      ConnectionLostError,
    );
    await setting.peerCloses("too much");
    await Promise.all([setting.broken, waiting]);
  });
}

test("relay() passes on the last words of a peer of npws/1 that closes before the end for it has left, and breaks then", async () => {
  await using setting = await setUpDeaf1({});
  await writeAndClose(setting.far, "what a peer that reads nothing does not take");
  await setting.peerCloses("last words");
  await setting.broken;
});

import { assertEquals, assertRejects, assertStrictEquals } from "@std/assert";
import { ConnectionResetError } from "@npws/pool";
import { test } from "../harness.ts";
import { startPools } from "./pools.ts";
import { readText, write, writeAndClose } from "./streams.ts";

/** Both ends of a connection of npws/2. */
async function setUp() {
  const pools = await startPools({ protocol: 2 });
  const [near, peer] = await Promise.all([pools.client.open(), pools.server.accept()]);
  return { pools, near, peer, [Symbol.asyncDispose]: () => pools[Symbol.asyncDispose]() };
}

test("connection.closed is one promise, however often it is asked for", async () => {
  await using setting = await setUp();
  assertStrictEquals(setting.near.closed, setting.near.closed);
});

test("connection.readable that is asked for after the peer's end is closed, though nobody reads", async () => {
  await using setting = await setUp();
  const { near, peer } = setting;
  await peer.writable.close();
  await write(near, "after the end");
  await Promise.all([setting.pools.client.open(), setting.pools.server.accept()]); // takes longer than the end
  await near.readable.getReader().closed;
});

test("connection.readable that is asked for after the peer stopped reading still reads", async () => {
  await using setting = await setUp();
  const { near, peer } = setting;
  await peer.readable.cancel("no more");
  await assertRejects(() => near.writable.getWriter().closed, ConnectionResetError);
  await writeAndClose(peer, "still here");
  assertEquals(await readText(near), "still here");
});

test("connection.close() ends the readable without waiting for the peer", async () => {
  await using setting = await setUp();
  const order: string[] = [];
  const read = setting.near.readable.getReader().read().then(({ done }) => order.push(`read, done: ${done}`));
  const closed = setting.near.close().then(() => order.push("closed"));
  await Promise.all([read, closed]);
  assertEquals(order, ["read, done: true", "closed"]);
});

for (const direction of ["neither direction", "the sending direction"]) {
  test(`connection.abort() after ${direction} has ended rejects closed with its reason`, async () => {
    await using setting = await setUp();
    const { near, peer } = setting;
    if (direction === "the sending direction") await near.writable.close();
    near.abort(new Error("enough"));
    await assertRejects(() => near.closed, Error, "enough");
    await assertRejects(() => readText(near), Error, "enough");
    await assertRejects(() => peer.closed, ConnectionResetError);
  });
}

test("connection.abort() after both directions have ended breaks nothing", async () => {
  await using setting = await setUp();
  const { near, peer } = setting;
  await Promise.all([near.writable.close(), peer.writable.close()]);
  await near.readable.getReader().closed;
  near.abort(new Error("too late"));
  await near.closed;
});

test("connection.writable.abort() without a reason rejects closed with an error all the same", async () => {
  await using setting = await setUp();
  const { near } = setting;
  await Promise.all([near.writable.abort(), near.readable.cancel()]);
  await assertRejects(() => near.closed, ConnectionResetError, "its writable was aborted");
});

test("connection.opened and connection.closed that reject trouble nobody who does not handle them", async () => {
  await using setting = await setUp();
  const early = await setting.pools.client.open({ early: true, timeoutMs: 100 });
  void early.opened;
  void early.closed;
  const unhandled: unknown[] = [];
  const listener = (event: Event) => unhandled.push(event);
  globalThis.addEventListener("unhandledrejection", listener);
  await setting.pools.server.close({ drainMs: 0 });
  await new Promise((resolve) => setTimeout(resolve, 200)); // twice its timeout
  await assertRejects(() => early.closed);
  globalThis.removeEventListener("unhandledrejection", listener);
  assertEquals(unhandled, []);
});

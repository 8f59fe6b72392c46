import { assert, assertEquals, assertRejects } from "@std/assert";
import { ConnectionResetError } from "@npws/pool";
import { relay } from "@npws/pool/relay";
import { startPools } from "../contract/pools.ts";
import { readText, writeAndClose } from "../contract/streams.ts";
import { test } from "../harness.ts";
import { memoryEnds } from "./memory_end.ts";

/** A connection of npws/2, its peer's end, and another connection in memory to relay it with. */
async function setUp() {
  const pools = await startPools({ protocol: 2 });
  const [connection, peer] = await Promise.all([pools.client.open(), pools.server.accept()]);
  return { connection, peer, ...memoryEnds(), [Symbol.asyncDispose]: () => pools[Symbol.asyncDispose]() };
}

for (const half of ["readable", "writable"] as const) {
  test(`relay() moves a connection by its web streams if its ${half} was asked for before`, async () => {
    await using setting = await setUp();
    const asked = setting.connection[half];
    const moved = relay(setting.connection, setting.near);
    assert(asked.locked);
    setting.connection.abort(new Error("enough"));
    await assertRejects(() => moved);
  });

  for (const when of ["never", "meanwhile"]) {
    test(`relay() breaks when the peer gives up its ${half} alone, the web streams ${when} asked for`, async () => {
      await using setting = await setUp();
      const { connection, peer } = setting;
      const moved = relay(connection, setting.near);
      if (when === "meanwhile") assert(connection.readable.locked && connection.writable.locked);
      await (half === "readable" ? peer.readable.cancel("gone") : peer.writable.abort("gone"));
      await assertRejects(() => moved, ConnectionResetError);
      await assertRejects(() => readText(setting.far), ConnectionResetError);
    });
  }
}

test("relay() breaks when its connection is aborted after one direction has ended", async () => {
  await using setting = await setUp();
  const moved = relay(setting.connection, setting.near);
  const [, text] = await Promise.all([writeAndClose(setting.far, "all"), readText(setting.peer)]);
  assertEquals(text, "all");
  setting.connection.abort(new Error("enough"));
  await assertRejects(() => moved, Error, "enough");
});

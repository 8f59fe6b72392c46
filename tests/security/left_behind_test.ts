import { assertEquals, assertRejects, assertStringIncludes } from "@std/assert";
import { PoolTimeoutError, type ServerPool } from "@npws/pool";
import { eventually } from "../contract/eventually.ts";
import { dialNpws2, helloText, RawPeer } from "../contract/npws2_raw.ts";
import { serverPool } from "../contract/pools.ts";
import { readAll } from "../contract/streams.ts";
import { test } from "../harness.ts";
import { dialNpws1 } from "../npws1_peer.ts";

/** How many bytes closed links may leave behind, in total. */
const limit = { receiveLimitBytes: 10_000, windowBytes: 4_096, maxWindowBytes: 4_096 };

/** How many streams they may leave behind. */
const MAX_STREAMS = 1_000;

/** A client takes a link, sends this many bytes and their end, and disconnects. Returns the link's id. */
async function leaveNpws2(pool: ServerPool, take: string, byteLength: number): Promise<string> {
  const { link, hello } = await dialNpws2(pool.address.port);
  const peer = new RawPeer(link, hello, hello.id as string);
  await peer.say(helloText(), take);
  await peer.expect("ok");
  if (byteLength > 0) await peer.send(new Uint8Array(byteLength));
  await peer.say("fin");
  await peer.sync();
  link.destroy();
  return peer.id;
}

/** The same on npws/1, where a close ends the stream. */
async function leaveNpws1(pool: ServerPool, byteLength: number): Promise<string> {
  const link = await dialNpws1(pool.address.port);
  await link.send(new Uint8Array(byteLength));
  link.close(1000);
  await link.readToEnd();
  return link.id;
}

for (const protocol of [1, 2] as const) {
  test(`clients of npws/${protocol} that fill streams and leave make a server keep receiveLimitBytes and no more`, async () => {
    await using pool = serverPool(limit);
    await pool.start();
    const ids: string[] = [];
    for (let count = 0; count < 4; count++) {
      ids.push(await (protocol === 1 ? leaveNpws1(pool, 4_000) : leaveNpws2(pool, "take", 4_000)));
      await eventually(() => pool.stats().links === 0);
    }
    assertEquals((await readAll(await pool.outgoingGet(ids[0]))).length, 4_000);
    assertEquals((await readAll(await pool.outgoingGet(ids[1]))).length, 4_000);
    for (const id of ids.slice(2)) {
      await assertRejects(() => pool.outgoingGet(id, { timeoutMs: 0 }), PoolTimeoutError);
    }
    assertStringIncludes(pool.stats().lastError!.message, "Cannot keep 4000 bytes of link");
    const again = await (protocol === 1 ? leaveNpws1(pool, 4_000) : leaveNpws2(pool, "take", 4_000));
    await eventually(() => pool.stats().links === 0);
    assertEquals((await readAll(await pool.outgoingGet(again))).length, 4_000);
  });
}

test("streams that were opened count among what closed links leave behind", async () => {
  await using pool = serverPool(limit);
  await pool.start();
  for (let count = 0; count < 4; count++) {
    await leaveNpws2(pool, "open", 4_000);
    await eventually(() => pool.stats().links === 0);
  }
  for (const _ of [0, 1]) assertEquals((await readAll(await pool.accept())).length, 4_000);
  await assertRejects(() => pool.accept({ timeoutMs: 0 }), PoolTimeoutError);
});

test(`clients that leave empty streams behind make a server keep ${MAX_STREAMS} and no more`, async () => {
  await using pool = serverPool();
  await pool.start();
  const ids: string[] = [];
  while (ids.length < MAX_STREAMS + 50) {
    ids.push(...await Promise.all(Array.from({ length: 50 }, () => leaveNpws2(pool, "take", 0))));
    await eventually(() => pool.stats().links === 0);
  }
  const found = await Promise.allSettled(ids.map((id) => pool.outgoingGet(id, { timeoutMs: 0 })));
  assertEquals(found.filter(({ status }) => status === "fulfilled").length, MAX_STREAMS);
});

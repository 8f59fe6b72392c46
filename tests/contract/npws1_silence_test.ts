import { assertEquals, assertRejects } from "@std/assert";
import { PoolClosedError } from "@npws/pool";
import { test } from "../harness.ts";
import { Opcode } from "../websocket_frames.ts";
import { TimersByHand, until } from "./pools.ts";
import { roles } from "./rigs.ts";
import { bytes, readExactly } from "./streams.ts";

const linkCount = 200;

/** With these, a peer that has to answer pings would be given up after 1.1 s. */
const hasty = { keepAliveMs: 1_000, heartbeatTimeoutMs: 100 };

for (const { name, open } of roles) {
  /** The options of a pool that keeps this many links. */
  const keeping = (count: number) =>
    name === "a server pool" ? { maxCapacity: count } : { minCapacity: count, maxCapacity: count };
  // Deno's global WebSocket cannot be dropped: it only starts a close, and the TCP connection stays until the peer answers.
  const canDrop = !(name.includes("global") && "Deno" in globalThis);

  test(`npws/1 peers that are silent: close() of ${name} with ${linkCount} idle links is over after a second`, async () => {
    const clock = new TimersByHand();
    await using rig = await open({ pool: keeping(linkCount), clock });
    const links = await Array.fromAsync({ length: linkCount }, () => rig.nextLink());
    await until(rig.pool, ({ idle }) => idle === linkCount);
    const closed = rig.pool.close();
    await clock.advance(1_000);
    await closed;
    assertEquals([rig.pool.active, rig.pool.stats().links, clock.pending], [0, 0, 0]);
    for (const link of links) {
      if (canDrop) assertEquals((await link.readToEnd()).map(({ opcode }) => opcode), [Opcode.close]);
      link.destroy();
    }
  });

  test(`npws/1 peers that are silent: flush() of ${name} is over after a second and closes every idle link`, async () => {
    const clock = new TimersByHand();
    await using rig = await open({ pool: keeping(1), clock });
    const link = await rig.nextLink();
    await until(rig.pool, ({ idle }) => idle === 1);
    const waiting = rig.pool.outgoingGet("ffffffff", { timeoutMs: Infinity });
    const flushed = rig.pool.flush();
    assertEquals(rig.pool.active, 0);
    await clock.advance(1_000);
    await flushed;
    assertEquals(rig.pool.stats().waiting, 1);
    assertEquals((await link.readClose()).code, 1000);
    const closed = rig.pool.close();
    await assertRejects(() => waiting, PoolClosedError);
    await clock.advance(1_000);
    await closed;
    link.destroy();
  });

  test(`npws/1 peers that are silent: no ping of ${name} is held against an idle link`, async () => {
    const clock = new TimersByHand();
    await using rig = await open({ clock, pool: { ...keeping(1), ...hasty } });
    const link = await rig.nextLink();
    await until(rig.pool, ({ idle }) => idle === 1);
    await clock.advance(60_000);
    assertEquals(rig.pool.active, 1);
    const connection = await rig.pool.outgoingGet(link.id);
    await link.send("alive");
    assertEquals(await readExactly(connection, 5), bytes("alive"));
  });

  test(`npws/1 peers that are silent: a stream of ${name} may be silent as long as it likes`, async () => {
    const clock = new TimersByHand();
    await using rig = await open({ clock, pool: { ...keeping(1), ...hasty } });
    const link = await rig.nextLink();
    const connection = await rig.pool.outgoingGet(link.id);
    await clock.advance(60_000);
    await link.send("still here");
    assertEquals(await readExactly(connection, 10), bytes("still here"));
  });

  test(`npws/1 peers that are silent: close() of ${name} breaks a stream after drainMs`, async () => {
    const clock = new TimersByHand();
    await using rig = await open({ clock });
    const link = await rig.nextLink();
    const connection = await rig.pool.outgoingGet(link.id);
    const closed = rig.pool.close({ drainMs: 700 });
    await clock.advance(699);
    await link.send("drained");
    assertEquals(await readExactly(connection, 7), bytes("drained"));
    await clock.advance(1);
    await assertRejects(() => connection.closed, PoolClosedError);
    await clock.advance(1_000);
    await closed;
    link.destroy();
  });
}

import { assertEquals, assertNotEquals, assertRejects } from "@std/assert";
import { ConnectionLostError, ConnectionResetError, type PoolConnection } from "@npws/pool";
import { test } from "../harness.ts";
import { finishStream, type RawPeer, takeLink } from "./npws2_raw.ts";
import { type Rig, type Role, roles } from "./npws2_rigs.ts";
import { until } from "./pools.ts";
import { bytes, readExactly, readText, write } from "./streams.ts";

const windowBytes = 4_096;

/** Ends the stream on both sides, so that the link is idle under another id. */
async function endStream(role: Role, connection: PoolConnection, peer: RawPeer): Promise<void> {
  await connection.writable.close();
  await peer.expect("fin");
  await peer.say("fin");
  assertEquals(await readText(connection), "");
  await finishStream(role.side, peer);
}

for (const role of roles) {
  /** Runs a test on a pool with two links, whose windows do not grow, so that no ping is sent to measure the round trip. */
  const testReuse = (claim: string, run: (rig: Rig, peer: RawPeer, other: RawPeer) => Promise<void>) =>
    test(`npws/2 link of ${role.name} used again: ${claim}`, async () => {
      const window = { windowBytes, maxWindowBytes: windowBytes };
      const pool = role.side === "client" ? { minCapacity: 2, ...window } : window;
      await using rig = await role.open({ pool, answeredDials: 2 });
      const [other, peer] = [await rig.nextPeer(), await rig.nextPeer()];
      await until(rig.pool, ({ idle }) => idle === 2);
      await run(rig, peer, other);
      // Whatever happened to one link, the other one is not affected.
      const untouched = await takeLink(rig.pool, other);
      await other.send("untouched");
      assertEquals(await readExactly(untouched, 9), bytes("untouched"));
    });

  testReuse("it is idle under another id when both have said idle", async (rig, peer) => {
    const ids = [peer.id];
    for (let streams = 1; streams <= 3; streams++) {
      await endStream(role, await takeLink(rig.pool, peer), peer);
      assertNotEquals(peer.id, ids.at(-1));
      ids.push(peer.id);
      assertEquals([rig.pool.active, rig.pool.stats().recycled, rig.pool.stats().dialed], [2, streams, 2]);
    }
    await assertRejects(() => rig.pool.outgoingGet(ids[0], { timeoutMs: 0 }), Error, `Cannot get link ${ids[0]}`);
  });

  testReuse("late data reaches nobody, and counts as read", async (rig, peer) => {
    await endStream(role, await takeLink(rig.pool, peer), peer);
    await peer.send(new Uint8Array(windowBytes / 2).fill(1));
    await peer.expect(`credit ${windowBytes * 1.5}`);
    const next = await takeLink(rig.pool, peer);
    await peer.send("of the next");
    await peer.say("fin");
    assertEquals(await readText(next), "of the next");
  });

  testReuse("a late fin ends nothing", async (rig, peer) => {
    await endStream(role, await takeLink(rig.pool, peer), peer);
    await peer.say("fin");
    const next = await takeLink(rig.pool, peer);
    await peer.send("of the next");
    assertEquals(await readExactly(next, 11), bytes("of the next"));
  });

  testReuse("credit lasts, and a lower one that comes late takes nothing away", async (rig, peer) => {
    await endStream(role, await takeLink(rig.pool, peer), peer);
    await peer.say("credit 300000", "credit 1");
    const next = await takeLink(rig.pool, peer);
    const content = new Uint8Array(300_000).fill(7);
    const written = write(next, content);
    assertEquals(await peer.link.readBytes(content.length), content);
    await written;
  });

  testReuse("what its application does too late touches no later stream", async (rig, peer) => {
    const first = await takeLink(rig.pool, peer);
    await endStream(role, first, peer);
    const next = await takeLink(rig.pool, peer);
    first.abort("too late");
    await first.readable.cancel("too late").catch(() => {});
    await first.close();
    await peer.sync();
    await peer.send("of the next");
    assertEquals(await readExactly(next, 11), bytes("of the next"));
    await write(next, "goes on");
    assertEquals(await peer.link.readBytes(7), bytes("goes on"));
  });

  testReuse("a stop that comes late is ignored, and the link is idle again", async (rig, peer) => {
    const connection = await takeLink(rig.pool, peer);
    await connection.writable.close();
    await peer.expect("fin");
    await peer.say("stop 1 too late", "fin");
    assertEquals(await readText(connection), "");
    await connection.closed;
    await finishStream(role.side, peer);
    assertEquals(rig.pool.stats().recycled, 1);
  });

  testReuse("after a reset of both directions it is as good as new", async (rig, peer) => {
    const connection = await takeLink(rig.pool, peer);
    await peer.send("half of");
    await peer.say("reset 1 broken", "stop 1 broken");
    await peer.expect("reset 1");
    const error = await assertRejects(() => readText(connection), ConnectionResetError, "code 1 (broken)");
    assertEquals([error.code, error.reason], [1, "broken"]);
    await finishStream(role.side, peer);
    await endStream(role, await takeLink(rig.pool, peer), peer);
    assertEquals(rig.pool.stats().recycled, 2);
  });

  testReuse("an unread byte keeps it from the next stream", async (rig, peer) => {
    const connection = await takeLink(rig.pool, peer);
    await peer.send("unread");
    await peer.say("fin");
    await connection.writable.close();
    await peer.expect("fin");
    await peer.sync();
    assertEquals([rig.pool.active, rig.pool.stats().inUse], [1, 1]);
    assertEquals(await readText(connection), "unread");
    await finishStream(role.side, peer);
    assertEquals(rig.pool.active, 2);
  });

  for (const message of ["reset 1 too late", "stop 1 too late", "ok", "no", "idle deadbeef", "idle"]) {
    testReuse(`"${message}" that comes when it is idle again closes it with 1002`, async (rig, peer) => {
      await endStream(role, await takeLink(rig.pool, peer), peer);
      const closed = new Promise<number>((resolve) =>
        rig.pool.addEventListener("linkclose", ({ detail }) => resolve(detail.code), { once: true })
      );
      await peer.say(message);
      assertEquals((await peer.link.readClose()).code, role.closeCode(1002));
      peer.link.destroy();
      assertEquals(await closed, 1002);
    });
  }

  testReuse("data over the credit closes it with 1008, and breaks its stream alone", async (rig, peer) => {
    await endStream(role, await takeLink(rig.pool, peer), peer);
    const connection = await takeLink(rig.pool, peer);
    const reading = assertRejects(() => connection.closed, Error, "the peer sent more data than its credit allows");
    await peer.send(new Uint8Array(windowBytes));
    await peer.sync();
    await peer.send("x");
    assertEquals((await peer.link.readClose()).code, role.closeCode(1008));
    peer.link.destroy();
    await reading;
  });

  testReuse("a link lost after the peer's fin keeps what came readable", async (rig, peer) => {
    await endStream(role, await takeLink(rig.pool, peer), peer);
    const connection = await takeLink(rig.pool, peer);
    await peer.send("all of it");
    await peer.say("fin");
    await peer.sync();
    peer.link.destroy();
    await assertRejects(() => connection.closed, ConnectionLostError, "the socket was lost with code 1006");
    assertEquals(await readText(connection), "all of it");
    await assertRejects(() => write(connection, "more"), ConnectionLostError);
  });
}

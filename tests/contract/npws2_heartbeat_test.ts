import { assertEquals, assertRejects } from "@std/assert";
import { ConnectionLostError, PoolTimeoutError } from "@npws/pool";
import { test } from "../harness.ts";
import { type RawPeer, takeLink } from "./npws2_raw.ts";
import { type Rig, type Role, roles } from "./npws2_rigs.ts";
import { nextEvent, TimersByHand, until } from "./pools.ts";

const keepAliveMs = 1_000;
const heartbeatTimeoutMs = 500;

/** Runs a test on a pool with one idle link whose peer answers nothing on its own, with a clock that the test moves. */
function testHeartbeat(
  role: Role,
  claim: string,
  run: (setting: { rig: Rig; peer: RawPeer; clock: TimersByHand }) => Promise<void>,
  options: { keepAliveMs: number } = { keepAliveMs },
): void {
  test(`npws/2 heartbeat of ${role.name}: ${claim}`, async () => {
    const clock = new TimersByHand();
    await using rig = await role.open({ clock, pool: { heartbeatTimeoutMs, ...options }, answeredDials: 1 });
    const peer = await rig.nextPeer();
    await until(rig.pool, ({ idle }) => idle === 1);
    await run({ rig, peer, clock });
  });
}

for (const role of roles) {
  testHeartbeat(role, "a silent link is pinged after keepAliveMs, once", async ({ peer, clock }) => {
    await clock.advance(keepAliveMs - 1);
    await peer.sync();
    await clock.advance(keepAliveMs - 1);
    await peer.sync();
    await clock.advance(keepAliveMs + heartbeatTimeoutMs - 1);
    await peer.expect("ping 1");
    await peer.sync();
  });

  testHeartbeat(role, "an idle link that stays silent is gone after the timeout", async ({ rig, peer, clock }) => {
    const closed = nextEvent(rig.pool, "linkclose");
    await clock.advance(keepAliveMs);
    await peer.expect("ping 1");
    await clock.advance(heartbeatTimeoutMs);
    const { id, code, inUse } = await closed;
    assertEquals([id, code, inUse], [peer.id, 1006, false]);
    assertEquals((await peer.link.readClose()).code, role.dropCode);
    assertEquals([rig.pool.active, rig.pool.stats().lost], [0, 1]);
    // Not even a call that needs no proof of life gets it.
    const missed = assertRejects(() => rig.pool.open({ early: true, timeoutMs: 0 }), PoolTimeoutError);
    await clock.advance(0);
    await missed;
  });

  testHeartbeat(role, "a stream on a link that stays silent breaks", async ({ rig, peer, clock }) => {
    const connection = await takeLink(rig.pool, peer);
    const broken = assertRejects(() => connection.closed, ConnectionLostError, "the socket was lost with code 1006");
    await clock.advance(keepAliveMs + heartbeatTimeoutMs);
    await broken;
  });

  for (const sign of ["pong 1", "ping 5", "credit 0", "data"]) {
    testHeartbeat(role, `${sign} proves that a link lives`, async ({ rig, peer, clock }) => {
      for (let times = 0; times < 3; times++) {
        await clock.advance(keepAliveMs + heartbeatTimeoutMs - 1);
        if (sign === "data") await peer.send("x");
        else await peer.say(sign);
        await rest(peer);
      }
      assertEquals([rig.pool.active, rig.pool.stats().lost], [1, 0]);
    });
  }

  testHeartbeat(role, "with keepAliveMs 0 an idle link is left alone for ever", async ({ rig, peer, clock }) => {
    await clock.advance(600_000);
    await peer.sync();
    assertEquals(rig.pool.active, 1);
  }, { keepAliveMs: 0 });
}

/** Waits until the pool has processed what was sent, and leaves its pings unanswered. */
async function rest(peer: RawPeer): Promise<void> {
  await peer.say("ping 99");
  while (await peer.hear() !== "pong 99");
}

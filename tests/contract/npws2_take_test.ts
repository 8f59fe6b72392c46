import { PoolClosedError, PoolTimeoutError } from "@npws/pool";
import { assertEquals, assertRejects } from "@std/assert";
import { test } from "../harness.ts";
import type { RawPeer } from "./npws2_raw.ts";
import { type Rig, roles } from "./npws2_rigs.ts";
import { TimersByHand, until } from "./pools.ts";
import { bytes, readExactly, write } from "./streams.ts";

/** How long a peer has to answer a take, in milliseconds (docs/wire.md section 2.3). */
const PROBE_MS = 1_000;

/** A pool with two idle links. The one that it takes first is called `first`. */
interface Setting {
  rig: Rig;
  clock: TimersByHand;
  first: RawPeer;
  second: RawPeer;
}

/** The ways to take any link, and the message that each sends. */
const takes = [
  { call: "incomingGet", says: "take", get: ({ pool }: Rig) => pool.incomingGet() },
  { call: "open", says: "open AQID", get: ({ pool }: Rig) => pool.open({ metadata: bytes([1, 2, 3]) }) },
] as const;

for (const role of roles) {
  /** Runs a test on a pool with two idle links, with a clock that the test moves. */
  const testTake = (claim: string, run: (setting: Setting) => Promise<void>) =>
    test(`npws/2 take of ${role.name}: ${claim}`, async () => {
      const clock = new TimersByHand();
      const pool = role.side === "client" ? { minCapacity: 2 } : {};
      await using rig = await role.open({ clock, pool, answeredDials: 2 });
      const peers = [await rig.nextPeer(), await rig.nextPeer()];
      await until(rig.pool, ({ idle }) => idle === 2);
      // The link that was opened last has the most recent proof of life.
      const [second, first] = peers;
      await run({ rig, clock, first, second });
    });

  for (const { call, says, get } of takes) {
    testTake(`${call}() hands a link out when the peer confirmed it, and not before`, async ({ rig, first }) => {
      let isHandedOut = false;
      const got = get(rig).then((connection) => (isHandedOut = true, connection));
      await first.expect(says);
      await first.sync();
      assertEquals(isHandedOut, false);
      await first.say("ok");
      const connection = await got;
      assertEquals([connection.id, connection.protocol], [first.id, 2]);
      await write(connection, "hello");
      assertEquals(await first.link.readBytes(5), bytes("hello"));
      assertEquals(rig.pool.stats().deadOnTake, 0);
    });

    testTake(`${call}() drops a link whose peer is silent after the probe time and takes the next`, async (setting) => {
      const { rig, clock, first, second } = setting;
      const got = get(rig);
      await first.expect(says);
      await clock.advance(PROBE_MS - 1);
      await first.sync();
      await clock.advance(1);
      await second.expect(says);
      await second.say("ok");
      assertEquals((await got).id, second.id);
      assertEquals((await first.link.readClose()).code, role.dropCode);
      assertEquals(rig.pool.stats().deadOnTake, 1);
    });

    for (const [how, leave] of [["closes the link", "close"], ["drops the link", "destroy"]] as const) {
      testTake(`${call}() takes the next link when the peer ${how}`, async ({ rig, first, second }) => {
        const got = get(rig);
        await first.expect(says);
        if (leave === "close") first.link.close(1000);
        else first.link.destroy();
        await second.expect(says);
        await second.say("ok");
        assertEquals((await got).id, second.id);
        assertEquals(rig.pool.stats().deadOnTake, 1);
      });
    }

    testTake(
      `${call}() ends at its own deadline while a peer is silent, and the link is dropped later`,
      async (setting) => {
        const { rig, clock, first } = setting;
        const options = call === "open" ? { metadata: bytes([1, 2, 3]) } : {};
        const got = rig.pool[call]({ timeoutMs: 300, ...options });
        await first.expect(says);
        const late = assertRejects(() => got, PoolTimeoutError);
        await clock.advance(300);
        await late;
        await first.sync();
        await clock.advance(PROBE_MS - 300);
        assertEquals((await first.link.readClose()).code, role.dropCode);
        assertEquals(rig.pool.stats().deadOnTake, 1);
      },
    );

    testTake(
      `${call}() that its signal ended hands a link back that the peer confirms later`,
      async ({ rig, first }) => {
        const controller = new AbortController();
        const options = call === "open" ? { metadata: bytes([1, 2, 3]) } : {};
        const got = rig.pool[call]({ signal: controller.signal, ...options });
        await first.expect(says);
        const reason = new Error("not needed any more");
        controller.abort(reason);
        assertEquals(await assertRejects(() => got), reason);
        await first.say("ok");
        await first.expect("reset 0", "stop 0");
        assertEquals([rig.pool.stats().taken, rig.pool.stats().aborts], [0, 1]);
      },
    );
  }

  testTake("a link confirmed too late for its caller serves the next one that waits", async (setting) => {
    const { rig, clock, first, second } = setting;
    const late = assertRejects(() => rig.pool.incomingGet({ timeoutMs: 300 }), PoolTimeoutError);
    await first.expect("take");
    const served = rig.pool.incomingGet();
    await second.expect("take");
    await clock.advance(300);
    await late;
    const waiting = rig.pool.incomingGet();
    await first.say("ok");
    await second.say("ok");
    assertEquals([(await waiting).id, (await served).id], [first.id, second.id]);
  });

  testTake("outgoingGet() of an idle link proves it too, and waits on when the peer leaves", async (setting) => {
    const { rig, first, second } = setting;
    const got = rig.pool.outgoingGet(second.id);
    await second.expect("take");
    await second.say("ok");
    assertEquals((await got).id, second.id);
    const waiting = rig.pool.outgoingGet(first.id, { timeoutMs: Infinity });
    await first.expect("take");
    first.link.close(1000);
    await until(rig.pool, ({ deadOnTake }) => deadOnTake === 1);
    assertEquals(rig.pool.stats().waiting, 1);
    rig.pool.close({ drainMs: 0 });
    await assertRejects(() => waiting, PoolClosedError);
  });

  testTake(
    "a peer that never answers costs each caller one probe time per link",
    async ({ rig, clock, first, second }) => {
      const got = assertRejects(() => rig.pool.incomingGet({ timeoutMs: 2 * PROBE_MS + 1 }), PoolTimeoutError);
      await first.expect("take");
      await clock.advance(PROBE_MS);
      await second.expect("take");
      await clock.advance(PROBE_MS);
      assertEquals(rig.pool.stats().deadOnTake, 2);
      await clock.advance(1);
      await got;
    },
  );

  if (role.side === "server") {
    testTake("the server's take stands when the client's crosses it", async ({ rig, first }) => {
      const got = rig.pool.incomingGet();
      await first.expect("take");
      await first.say("take", "ok");
      const connection = await got;
      await first.sync();
      await first.send("behind");
      assertEquals([connection.id, await readExactly(connection, 6)], [first.id, bytes("behind")]);
      assertEquals(rig.pool.stats().deadOnTake, 0);
    });
    continue;
  }

  testTake("the client's take is void when the server's crosses it, and its caller goes on", async (setting) => {
    const { rig, first, second } = setting;
    const got = rig.pool.incomingGet();
    await first.expect("take");
    await first.say("take");
    await first.expect("ok");
    await second.expect("take");
    await second.say("ok");
    assertEquals((await got).id, second.id);
    assertEquals(rig.pool.stats().deadOnTake, 1);
    await first.send("for the fetcher");
    const fetched = await rig.pool.outgoingGet(first.id, { timeoutMs: 0 });
    assertEquals(await readExactly(fetched, 15), bytes("for the fetcher"));
  });

  testTake("a fetcher whose take the server's crosses gets the server's stream", async ({ rig, first }) => {
    const got = rig.pool.outgoingGet(first.id);
    await first.expect("take");
    await first.say("take");
    await first.expect("ok");
    assertEquals((await got).id, first.id);
  });
}

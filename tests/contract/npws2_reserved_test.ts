import { assertEquals, assertRejects } from "@std/assert";
import { PoolTimeoutError } from "@npws/pool";
import { test } from "../harness.ts";
import { finishStream, type RawPeer } from "./npws2_raw.ts";
import { type Rig, type Role, roles } from "./npws2_rigs.ts";
import { TimersByHand, until } from "./pools.ts";
import { bytes, readExactly, readText, write } from "./streams.ts";

/** How long an `open` that every peer refused waits before it tries again, in milliseconds. */
const REFUSED_PAUSE_MS = 50;

/** How long a stream that the peer took waits for the application, in milliseconds. */
const FETCH_MS = 30_000;

interface Setting extends AsyncDisposable {
  rig: Rig;
  clock: TimersByHand;
  peers: RawPeer[];
}

/** A pool with idle links to peers that may belong to several pools, with a clock that the test moves. */
async function setUp(role: Role, pools: string[], options: { acceptBacklog?: number } = {}): Promise<Setting> {
  const clock = new TimersByHand();
  const pool = role.side === "client" ? { minCapacity: pools.length, ...options } : options;
  const hello = (index: number) => ({ pool: pools[index] });
  const rig = await role.open({ clock, pool, hello, answeredDials: pools.length });
  const peers: RawPeer[] = [];
  while (peers.length < pools.length) peers.push(await rig.nextPeer());
  await until(rig.pool, ({ idle }) => idle === pools.length);
  return { rig, clock, peers, [Symbol.asyncDispose]: () => rig[Symbol.asyncDispose]() };
}

/** Asserts that the call finds nothing at once. */
async function assertNone({ clock }: Setting, call: Promise<unknown>): Promise<void> {
  const missed = assertRejects(() => call, PoolTimeoutError);
  await clock.advance(0);
  await missed;
}

const poolA = "aaaaaaaaaaaaaaaa";
const poolB = "bbbbbbbbbbbbbbbb";

for (const role of roles) {
  test(`npws/2 refused open() of ${role.name}: asks a link of another pool at once, and none of the same`, async () => {
    await using setting = await setUp(role, [poolA, poolB, poolB]);
    const { rig, peers: [other, second, first] } = setting;
    const opened = rig.pool.open();
    await first.expect("open");
    await first.say("no");
    await other.expect("open");
    await other.say("ok");
    assertEquals((await opened).id, other.id);
    await Promise.all([first.sync(), second.sync()]);
    assertEquals([rig.pool.active, rig.pool.stats().deadOnTake], [2, 0]);
  });

  test(`npws/2 refused open() of ${role.name}: asks again after a pause, on a link that kept its id`, async () => {
    await using setting = await setUp(role, [poolA]);
    const { rig, clock, peers: [peer] } = setting;
    const opened = rig.pool.open({ metadata: bytes("a") });
    for (let refusals = 0; refusals < 3; refusals++) {
      await peer.expect("open YQ");
      await peer.say("no");
      await peer.sync();
      await clock.advance(REFUSED_PAUSE_MS - 1);
      await peer.sync();
      await clock.advance(1);
    }
    await peer.expect("open YQ");
    await peer.say("ok");
    assertEquals((await opened).id, peer.id);
  });

  test(`npws/2 refused open() of ${role.name}: its link serves other calls meanwhile`, async () => {
    await using setting = await setUp(role, [poolA]);
    const { rig, peers: [peer] } = setting;
    const refused = assertRejects(() => rig.pool.open({ timeoutMs: REFUSED_PAUSE_MS }), PoolTimeoutError);
    await peer.expect("open");
    const other = rig.pool.incomingGet();
    await peer.say("no");
    await peer.expect("take");
    await peer.say("ok");
    assertEquals((await other).id, peer.id);
    await setting.clock.advance(REFUSED_PAUSE_MS);
    await refused;
  });

  test(`npws/2 accept queue of ${role.name}: says no when it is full, and yes when a call waits`, async () => {
    await using setting = await setUp(role, [poolA, poolA, poolA], { acceptBacklog: 1 });
    const { rig, peers: [first, second, third] } = setting;
    await first.say("open AQ");
    await first.expect("ok");
    await second.say("open Ag");
    await second.expect("no");
    await second.say("take");
    await second.expect("ok");
    assertEquals((await rig.pool.accept()).metadata, bytes([1]));
    const waiting = rig.pool.accept();
    await third.say("open Aw");
    await third.expect("ok");
    assertEquals((await waiting).metadata, bytes([3]));
    assertEquals((await rig.pool.outgoingGet(second.id)).id, second.id);
  });

  for (const kind of ["take", "open"] as const) {
    const fetch = ({ pool }: Rig, id: string) =>
      kind === "take" ? pool.outgoingGet(id, { timeoutMs: 0 }) : pool.accept({ timeoutMs: 0 });

    test(`npws/2 stream that the peer's ${kind} reserved at ${role.name}: is given up after the fetch time`, async () => {
      await using setting = await setUp(role, [poolA]);
      const { rig, clock, peers: [peer] } = setting;
      await peer.say(kind);
      await peer.send("for nobody");
      await peer.expect("ok");
      await peer.sync();
      await clock.advance(FETCH_MS - 1);
      await peer.sync();
      await clock.advance(1);
      await peer.expect("reset 2 never fetched", "stop 2 never fetched");
      await assertNone(setting, fetch(rig, peer.id));
      assertEquals([rig.pool.stats().taken, rig.pool.stats().inUse], [0, 1]);
      await peer.say("reset 2");
      await finishStream(role.side, peer);
      assertEquals([rig.pool.active, rig.pool.stats().recycled], [1, 1]);
    });

    test(`npws/2 stream that the peer's ${kind} reserved at ${role.name}: keeps what came before it is fetched`, async () => {
      await using setting = await setUp(role, [poolA]);
      const { rig, peers: [peer] } = setting;
      await peer.say(kind);
      await peer.send("question");
      await peer.say("fin");
      await peer.expect("ok");
      await peer.sync();
      const connection = await fetch(rig, peer.id);
      assertEquals(await readText(connection), "question");
      await write(connection, "answer");
      assertEquals(await peer.link.readBytes(6), bytes("answer"));
    });

    test(`npws/2 stream that the peer's ${kind} reserved at ${role.name}: is fetched though its link was lost, when it has its end`, async () => {
      await using setting = await setUp(role, [poolA]);
      const { rig, peers: [peer] } = setting;
      await peer.say(kind);
      await peer.send("all of it");
      await peer.say("fin");
      await peer.expect("ok");
      peer.link.destroy();
      await until(rig.pool, ({ links }) => links === 0);
      const connection = await fetch(rig, peer.id);
      assertEquals(await readText(connection), "all of it");
      await assertRejects(() => connection.closed, Error, "code 1006");
    });

    test(`npws/2 stream that the peer's ${kind} reserved at ${role.name}: is forgotten when the peer hands it back`, async () => {
      await using setting = await setUp(role, [poolA]);
      const { rig, peers: [peer] } = setting;
      await peer.say(kind);
      await peer.send("for nobody");
      await peer.say("reset 0", "stop 0");
      await peer.expect("ok", "reset 0");
      assertEquals((await peer.hear()).split(" ")[0], "idle");
      await assertNone(setting, fetch(rig, peer.id));
    });
  }

  test(`npws/2 stream that the peer opened at ${role.name}: is found by no id`, async () => {
    await using setting = await setUp(role, [poolA]);
    const { rig, peers: [peer] } = setting;
    await peer.say("open");
    await peer.send("first");
    await peer.expect("ok");
    await assertNone(setting, rig.pool.outgoingGet(peer.id, { timeoutMs: 0 }));
    assertEquals(await readExactly(await rig.pool.accept(), 5), bytes("first"));
  });
}

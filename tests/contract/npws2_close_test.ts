import { assert, assertEquals, assertRejects } from "@std/assert";
import { ConnectionResetError, PoolClosedError, type PoolConnection } from "@npws/pool";
import { test } from "../harness.ts";
import type { Failure } from "./npws2_actor.ts";
import { eventually } from "./eventually.ts";
import { exchange } from "./npws2_bulk.ts";
import { type OpenPair, pairs } from "./npws2_pairs.ts";
import { takeLink } from "./npws2_raw.ts";
import { roles } from "./npws2_rigs.ts";
import { nextEvent, TimersByHand, until } from "./pools.ts";
import { bytes, readExactly, readText, write } from "./streams.ts";

const longMs = 50_000;
interface Setting extends OpenPair {
  here: PoolConnection;
  there: number;
}

for (const { name, open } of pairs) {
  /** Runs a test on a stream while other links are idle. */
  const testClose = (claim: string, run: (setting: Setting) => Promise<void>) =>
    test(`npws/2 close of ${name}: ${claim}`, async () => {
      await using pair = await open({ client: { minCapacity: 3 } });
      const accepted = pair.remote.call("accept");
      const here = await pair.local.open();
      await run({ ...pair, here, there: (await accepted).stream });
    });

  testClose("a stream in use finishes, while the idle links are closed at once", async (setting) => {
    const { local, remote, here, there } = setting;
    const closing = local.close({ drainMs: longMs });
    await eventually(async () => (await remote.call("stats")).idle === 0);
    await until(local, ({ links }) => links === 1);
    await write(here, "question");
    await here.writable.close();
    assertEquals(await remote.call("read", there), "question");
    await remote.call("write", there, "answer");
    await remote.call("endWriting", there);
    assertEquals(await readText(here), "answer");
    await closing;
    await here.closed;
    assertEquals(await remote.call("closed", there), undefined);
    const { links, inUse, idle, waiting, recycled } = local.stats();
    assertEquals([links, inUse, idle, waiting, recycled], [0, 0, 0, 0, 0]);
  });

  testClose("what is not finished within drainMs is reset with code 3", async (setting) => {
    const { local, remote, here, there } = setting;
    await write(here, "the beginning");
    const read = remote.call("read", there);
    const flooded = remote.call("flood", there);
    await local.close({ drainMs: 0 });
    const error = await assertRejects(() => here.closed, PoolClosedError, "Cannot use connection: the pool is closed");
    assertEquals(await assertRejects(() => readText(here)), error);
    assertEquals(await assertRejects(() => write(here, "more")), error);
    assertIsReset(await flooded);
    assertIsReset(await read);
    assertEquals((await remote.call("closed", there))?.code, 3);
  });

  testClose("a stream that nobody has accepted is reset with code 3", async ({ local, remote }) => {
    const { stream } = await remote.call("open");
    await local.close({ drainMs: 0 });
    assertIsReset(await remote.call("read", stream));
  });

  testClose("calls that wait are rejected at once, and so are later ones", async ({ local }) => {
    const taken = await Promise.all([local.incomingGet(), local.incomingGet()]);
    const waiting = [local.outgoingGet("ffffffff"), local.accept()];
    const loop = Array.fromAsync(local.accepted());
    const rejected = waiting.map((call) => assertRejects(() => call, PoolClosedError, "the pool is closed"));
    const closing = local.close({ drainMs: longMs });
    await Promise.all(rejected);
    assertEquals(await loop, []);
    await assertRejects(() => local.incomingGet(), PoolClosedError);
    await assertRejects(() => local.open(), PoolClosedError);
    await assertRejects(() => local.start(), PoolClosedError);
    assertEquals(local.close(), closing);
    assertEquals(taken.map(({ protocol }) => protocol), [2, 2]);
  });

  testClose("flush() closes idle links under neither streams nor calls", async ({ local, remote, here, there }) => {
    await eventually(async () => local.active >= 3 && (await remote.call("stats")).idle >= 3);
    const ids = new Set<string>();
    local.addEventListener("linkclose", ({ detail }) => ids.add(detail.id));
    const waiting = local.outgoingGet("ffffffff", { timeoutMs: longMs }).catch((error) => error);
    await local.flush();
    assert(ids.size >= 3 && !ids.has(here.id), [...ids].join());
    await write(here, "goes on");
    await here.writable.close();
    assertEquals(await remote.call("read", there), "goes on");
    assertEquals(local.stats().waiting, 1);
    await eventually(() => local.active > 0);
    remote.call("echo");
    await exchange(await local.open(), "on a new link");
    await local.close({ drainMs: 0 });
    assert(await waiting instanceof PoolClosedError);
  });
}

for (const role of roles) {
  const setUp = async () => {
    const clock = new TimersByHand();
    const rig = await role.open({ clock, answeredDials: 1 });
    const peer = await rig.nextPeer();
    await until(rig.pool, ({ idle }) => idle === 1);
    return { clock, rig, peer, [Symbol.asyncDispose]: () => rig[Symbol.asyncDispose]() };
  };

  test(`npws/2 close of ${role.name}: a stream has exactly drainMs`, async () => {
    await using setting = await setUp();
    const { clock, rig: { pool }, peer } = setting;
    const connection = await takeLink(pool, peer);
    const closing = pool.close({ drainMs: 700 });
    await clock.advance(699);
    await peer.send("drained");
    assertEquals(await readExactly(connection, 7), bytes("drained"));
    await clock.advance(1);
    await peer.expect("reset 3 pool closed", "stop 3 pool closed");
    await assertRejects(() => connection.closed, PoolClosedError);
    // The peer does not answer, so the link is closed half a second later, and its socket dropped half a second after that.
    await clock.advance(500);
    assertEquals(await peer.link.readClose(), { code: role.closeCode(1001), reason: "pool closed" });
    await clock.advance(500);
    await closing;
    assertEquals(pool.stats().links, 0);
    peer.link.destroy();
  });

  test(`npws/2 close of ${role.name}: a stream that ends is closed with 1000 in the place of its idle, when all has arrived`, async () => {
    await using setting = await setUp();
    const { rig: { pool }, peer } = setting;
    const connection = await takeLink(pool, peer);
    const closing = pool.close({ drainMs: 700 });
    await peer.say("fin");
    assertEquals(await readText(connection), "");
    await connection.writable.close();
    await peer.expect("fin");
    await peer.expect(`ping ${Number.MAX_SAFE_INTEGER}`);
    await peer.sync(); // nothing closes the link before that
    await peer.say(`pong ${Number.MAX_SAFE_INTEGER}`);
    assertEquals(await peer.hearClose(), role.closeCode(1000));
    peer.link.close(1000);
    await closing;
    await connection.closed;
  });

  test(`npws/2 close of ${role.name}: a link whose take is not answered is closed at once`, async () => {
    await using setting = await setUp();
    const { rig: { pool }, peer } = setting;
    const taking = assertRejects(() => pool.incomingGet(), PoolClosedError);
    await peer.expect("take");
    const closing = pool.close();
    await taking;
    assertEquals(await peer.hearClose(), role.closeCode(1000));
    peer.link.close(1000);
    await closing;
  });

  test(`npws/2 close of ${role.name}: a peer whose pool closes ends its idle link, and resets its streams`, async () => {
    await using setting = await setUp();
    const { rig: { pool }, peer } = setting;
    const connection = await takeLink(pool, peer);
    const closed = nextEvent(pool, "linkclose");
    await peer.say("reset 3 pool closed", "stop 3 pool closed");
    peer.link.close(1001, "pool closed");
    const error = await assertRejects(() => connection.closed, ConnectionResetError, "code 3 (pool closed)");
    assertEquals([error.code, error.reason], [3, "pool closed"]);
    assertEquals((await closed).code, 1001);
    assertEquals(pool.stats().lost, 0);
  });
}

/** Asserts what the peer of a closed pool is told. */
function assertIsReset(outcome: string | Failure): void {
  assert(typeof outcome !== "string", outcome as string);
  const { name, code, reason } = outcome;
  assertEquals([name, code, reason], ["ConnectionResetError", 3, "pool closed"]);
}

import { assert, assertEquals, assertRejects } from "@std/assert";
import { type Pool, type PoolConnection, ProtocolError } from "@npws/pool";
import { test } from "../harness.ts";
import { finishStream, type RawPeer, takeLink } from "./npws2_raw.ts";
import { type Role, roles } from "./npws2_rigs.ts";
import { TimersByHand, until } from "./pools.ts";
import { readExactly, readText, write } from "./streams.ts";

const windowBytes = 4_096;

interface Setting {
  clock: TimersByHand;
  pool: Pool;
  connection: PoolConnection;
  peer: RawPeer;
}

interface Windows {
  /** The window in the pool's hello, and the maximum that it grows to. */
  windowBytes?: number;
  maxWindowBytes?: number;
  /** The window in the peer's hello. */
  peerWindow?: number;
}

/** Runs a test on a stream, with a clock that the test moves. */
function testCredit(role: Role, claim: string, windows: Windows, run: (setting: Setting) => Promise<void>): void {
  test(`npws/2 credit of ${role.name}: ${claim}`, async () => {
    const clock = new TimersByHand();
    const { peerWindow, ...pool } = windows;
    await using rig = await role.open({ clock, pool, hello: () => ({ window: peerWindow }), answeredDials: 1 });
    const peer = await rig.nextPeer();
    await until(rig.pool, ({ idle }) => idle === 1);
    await run({ clock, peer, pool: rig.pool, connection: await takeLink(rig.pool, peer) });
  });
}

/** Sends this many bytes, and has the application read them. */
async function transfer({ peer, connection }: Setting, count: number): Promise<void> {
  await peer.send(new Uint8Array(count));
  await readExactly(connection, count);
}

for (const role of roles) {
  const fixed = { windowBytes, maxWindowBytes: windowBytes };
  const growing = { windowBytes, maxWindowBytes: 4 * windowBytes };

  testCredit(role, "a writer waits for it, and needs no more than one byte", { peerWindow: 2_000 }, async (setting) => {
    const { peer, connection } = setting;
    const content = Uint8Array.from({ length: 100_000 }, (_, index) => index);
    let isWritten = false;
    const written = write(connection, content).then(() => isWritten = true);
    assertEquals(await peer.link.readBytes(2_000), content.subarray(0, 2_000));
    await peer.sync();
    assertEquals(isWritten, false);
    await peer.say("credit 2001");
    assertEquals(await peer.link.readMessage(), content.subarray(2_000, 2_001));
    await peer.say("credit 2000", "credit 0");
    await peer.sync();
    await peer.say("credit 100000");
    assertEquals(await peer.link.readBytes(97_999), content.subarray(2_001));
    await written;
  });

  testCredit(role, "the end of data needs none", { peerWindow: 2_000 }, async ({ peer, connection }) => {
    await write(connection, new Uint8Array(2_000));
    const closed = connection.writable.close();
    await peer.link.readBytes(2_000);
    await peer.expect("fin");
    await closed;
  });

  testCredit(role, "is granted when half a window was read, and not before", fixed, async (setting) => {
    const { peer, connection } = setting;
    await peer.send(new Uint8Array(windowBytes));
    await peer.sync();
    await readExactly(connection, windowBytes / 2 - 1);
    await peer.sync();
    await readExactly(connection, 1);
    await peer.expect(`credit ${windowBytes * 1.5}`);
    await readExactly(connection, windowBytes / 2);
    await peer.expect(`credit ${windowBytes * 2}`);
  });

  testCredit(role, "is granted for what is left to read after the end of data", fixed, async ({ peer, connection }) => {
    await peer.send(new Uint8Array(windowBytes));
    await peer.say("fin");
    await peer.sync();
    await readExactly(connection, windowBytes / 2);
    await peer.expect(`credit ${windowBytes * 1.5}`);
  });

  testCredit(role, "is granted for what is cancelled, and for what comes after it", fixed, async (setting) => {
    const { peer, connection } = setting;
    await peer.send(new Uint8Array(windowBytes));
    await peer.sync();
    await connection.readable.cancel("enough");
    const heard = [await peer.hear(), await peer.hear()];
    assertEquals(heard.toSorted(), [`credit ${windowBytes * 2}`, "stop 1 enough"]);
    await peer.send(new Uint8Array(windowBytes / 2));
    await peer.expect(`credit ${windowBytes * 2.5}`);
  });

  testCredit(role, "a peer that sends one byte too many loses its link with 1008", fixed, async (setting) => {
    const { peer, connection } = setting;
    await peer.send(new Uint8Array(windowBytes));
    await peer.sync();
    await peer.send("x");
    assertEquals((await peer.link.readClose()).code, role.closeCode(1008));
    peer.link.destroy();
    const error = await assertRejects(() => connection.closed, ProtocolError);
    assertEquals(await assertRejects(() => write(connection, "more")), error);
  });

  testCredit(role, "a message of more than 64 KiB is a violation, whatever the credit", {}, async (setting) => {
    const { peer, connection } = setting;
    await peer.send(new Uint8Array(65_537));
    assertEquals((await peer.link.readClose()).code, role.closeCode(1002));
    peer.link.destroy();
    await assertRejects(() => connection.closed, ProtocolError, "65537 bytes of data");
  });

  testCredit(
    role,
    "the window grows while it is what limits the stream, up to its maximum",
    growing,
    async (setting) => {
      const { peer } = setting;
      const { consumed, granted } = await growWindow(setting);
      assertBetween(granted - consumed, 2 * windowBytes + 1, 4 * windowBytes);
      await peer.send(new Uint8Array(granted - consumed));
      await peer.sync();
      await peer.send("x");
      assertEquals((await peer.link.readClose()).code, role.closeCode(1008));
      peer.link.destroy();
    },
  );

  testCredit(
    role,
    "the next stream begins with the window of the hello, behind what was granted",
    growing,
    async (setting) => {
      const { peer, pool, connection } = setting;
      const { consumed, granted } = await growWindow(setting);
      await connection.writable.close();
      await peer.expect("fin");
      await peer.say("fin");
      assertEquals(await readText(connection), "");
      await finishStream(role.side, peer);
      const next = { ...setting, connection: await takeLink(pool, peer) };
      await transfer(next, granted - windowBytes / 2 - consumed - 1);
      await peer.sync();
      await transfer(next, 1);
      assertEquals(await hearCredit(peer), granted + windowBytes / 2);
    },
  );

  testCredit(role, "the window stays when a window takes longer than two round trips", growing, async (setting) => {
    const { clock, peer } = setting;
    await measureRoundTrip(setting);
    for (let half = 2; half <= 6; half++) {
      await clock.advance(101);
      await transfer(setting, windowBytes / 2);
      assertEquals(await hearCredit(peer), windowBytes * (half / 2 + 1));
    }
  });
}

/** Reads half a window, at which point the pool measures a round trip; the pong takes 100 ms. */
async function measureRoundTrip(setting: Setting): Promise<void> {
  const { clock, peer } = setting;
  await transfer(setting, windowBytes / 2);
  await peer.expect(`credit ${windowBytes * 1.5}`, "ping 1");
  await clock.advance(100);
  await peer.say("pong 1");
  await peer.sync();
}

/** Reads one window after the other in no time, until the window has grown to its maximum. */
async function growWindow(setting: Setting): Promise<{ consumed: number; granted: number }> {
  await measureRoundTrip(setting);
  for (let rounds = 0; rounds < 20; rounds++) await transfer(setting, windowBytes);
  return { consumed: 20.5 * windowBytes, granted: await lastCredit(setting.peer) };
}

/** The latest of all grants that have arrived so far. */
async function lastCredit(peer: RawPeer): Promise<number> {
  let last = 0;
  await peer.say("ping 99");
  for (let text = await peer.hear(); text !== "pong 99"; text = await peer.hear()) {
    if (text.startsWith("credit ")) last = Number(text.slice("credit ".length));
  }
  return last;
}

function assertBetween(value: number, least: number, most: number): void {
  assert(value >= least && value <= most, `${value} must be from ${least} to ${most}`);
}

/** The next grant. Pings that measure the round trip are left unanswered. */
async function hearCredit(peer: RawPeer): Promise<number> {
  const text = await peer.hear();
  const [, count] = /^credit (\d+)$/.exec(text) ?? [];
  return count === undefined ? hearCredit(peer) : Number(count);
}

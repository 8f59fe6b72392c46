import { assertEquals, assertInstanceOf, assertMatch, assertRejects, assertStringIncludes } from "@std/assert";
import { ConnectionLostError, ConnectionResetError } from "@npws/pool";
import { eventually } from "../contract/eventually.ts";
import { dialNpws2 } from "../contract/npws2_raw.ts";
import { type Role, roles } from "../contract/npws2_rigs.ts";
import { nextEvent, serverPool, transports } from "../contract/pools.ts";
import { openClientRig } from "../contract/rigs.ts";
import { test } from "../harness.ts";

/** What a peer sends to forge a line in a log and to clear a terminal. */
const FORGED = "bye\n2026-01-01 INFO all is well\r\x1b[2J\u202e";

/** How an error message shows it. */
const SHOWN = "bye\ufffd2026-01-01 INFO all is well\ufffd\ufffd[2J\ufffd";

/** Text that a log shows on one line and unchanged. */
const ONE_LINE = /^[^\p{Cc}\p{Cf}\p{Zl}\p{Zp}]+$/u;

/** A connection whose peer is the test. */
async function openStream(role: Role) {
  const rig = await role.open();
  const peer = await rig.nextPeer();
  await peer.say("open");
  await peer.expect("ok");
  return { pool: rig.pool, peer, connection: await rig.pool.accept(), [Symbol.asyncDispose]: () => asyncDispose(rig) };
}

function asyncDispose(disposable: AsyncDisposable): PromiseLike<void> {
  return disposable[Symbol.asyncDispose]();
}

for (const role of roles) {
  test(`log texts of ${role.name}: a peer's reasons of reset and stop are on one line, and whole in the error's reason`, async () => {
    await using setting = await openStream(role);
    const { peer, connection } = setting;
    await peer.say(`reset 1 ${FORGED}`, `stop 1 ${FORGED}`);
    const errors = [
      await assertRejects(() => connection.readable.getReader().read()),
      await assertRejects(() => connection.writable.getWriter().closed),
    ];
    for (const error of errors) {
      assertInstanceOf(error, ConnectionResetError);
      assertMatch(error.message, ONE_LINE);
      assertStringIncludes(error.message, SHOWN);
      assertEquals(error.reason, FORGED);
    }
  });

  test(`log texts of ${role.name}: a peer's reason of a close is on one line, and whole in the error and the event`, async () => {
    await using setting = await openStream(role);
    const { pool, peer, connection } = setting;
    const closed = nextEvent(pool, "linkclose");
    const lost = assertRejects(() => connection.closed);
    peer.link.close(4000, FORGED);
    const error = await lost;
    assertInstanceOf(error, ConnectionLostError);
    assertMatch(error.message, ONE_LINE);
    assertStringIncludes(error.message, SHOWN);
    assertEquals([error.reason, (await closed).reason], [FORGED, FORGED]);
  });
}

for (const { name, options } of transports) {
  test(`log texts of a client on ${name}: what a server says in the place of its hello is on one line`, async () => {
    await using rig = await openClientRig(options, { greet: ({ link, accept }) => link.write(accept) });
    const failed = nextEvent(rig.pool, "dialerror");
    (await rig.nextLink()).close(4000, FORGED);
    const { error } = await failed;
    for (const text of [error.message, rig.pool.stats().lastError!.message]) {
      assertMatch(text, ONE_LINE);
      assertStringIncludes(text, SHOWN);
    }
  });
}

test("log texts of a server: what a client says in the place of its hello is on one line", async () => {
  await using pool = serverPool();
  await pool.start();
  const { link } = await dialNpws2(pool.address.port);
  link.close(4000, FORGED);
  await eventually(() => pool.stats().dialFailures === 1);
  const { message } = pool.stats().lastError!;
  assertMatch(message, ONE_LINE);
  assertStringIncludes(message, SHOWN);
});

import { assertEquals, assertRejects, assertStrictEquals } from "@std/assert";
import { ConnectionLostError, type Pool, type PoolConnection, PoolTimeoutError } from "@npws/pool";
import { test } from "../harness.ts";
import { exchange } from "./npws2_bulk.ts";
import { pairs } from "./npws2_pairs.ts";
import type { RawPeer } from "./npws2_raw.ts";
import { type Rig, type Role, roles } from "./npws2_rigs.ts";
import { startPools, TimersByHand, until } from "./pools.ts";
import { bytes, readExactly, readText, write } from "./streams.ts";

const PROBE_MS = 1_000;

/** How much may be written before the peer has answered, in bytes. */
const EARLY_BYTES = 65_536;

const early = true;

interface Setting {
  rig: Rig;
  pool: Pool;
  clock: TimersByHand;
  first: RawPeer;
  second: RawPeer;
}

/** Runs a test on a pool with two idle links to peers in two pools, with a clock that the test moves. */
function testEarly(
  role: Role,
  claim: string,
  run: (setting: Setting) => Promise<void>,
  { window, ...options }: { window?: number; windowBytes?: number; maxWindowBytes?: number; acceptBacklog?: number } =
    {},
): void {
  test(`npws/2 early data of ${role.name}: ${claim}`, async () => {
    const clock = new TimersByHand();
    const pool = role.side === "client" ? { minCapacity: 2, ...options } : options;
    const hello = (index: number) => ({ pool: `${index}`.repeat(16), window });
    await using rig = await role.open({ clock, pool, hello, answeredDials: 2 });
    const [second, first] = [await rig.nextPeer(), await rig.nextPeer()];
    await until(rig.pool, ({ idle }) => idle === 2);
    await run({ rig, pool: rig.pool, clock, first, second });
  });
}

/** All gets that can be early, and the message that each sends. */
const gets = [
  { call: "open", take: "open", get: ({ pool }: Setting) => pool.open({ early }) },
  { call: "incomingGet", take: "take", get: ({ pool }: Setting) => pool.incomingGet({ early }) },
  { call: "outgoingGet", take: "take", get: ({ pool, first }: Setting) => pool.outgoingGet(first.id, { early }) },
] as const;

/** Writes and ends the direction. */
async function writeAll(connection: PoolConnection, text: string): Promise<void> {
  await write(connection, text);
  await connection.writable.close();
}

async function assertHears(peer: RawPeer, take: string, text: string): Promise<void> {
  await peer.expect(take);
  assertEquals(await peer.link.readBytes(text.length), bytes(text));
}

for (const role of roles) {
  for (const { call, take, get } of gets) {
    testEarly(
      role,
      `${call}() hands out before the peer answers, and what is written arrives with the ${take}`,
      async (setting) => {
        const { pool, first } = setting;
        const connection = await get(setting);
        await writeAll(connection, "question");
        await assertHears(first, take, "question");
        await first.expect("fin");
        await first.say("ok");
        await first.send("answer");
        await first.say("fin");
        assertEquals(await connection.opened, undefined);
        assertEquals([connection.id, await readText(connection)], [first.id, "answer"]);
        await connection.closed;
        assertEquals(pool.stats().taken, 1);
      },
    );

    for (const [how, leave] of [["is silent", "silent"], ["loses the link", "destroy"]] as const) {
      testEarly(
        role,
        `${call}() breaks after a write when the peer ${how}, for the bytes may have arrived`,
        async (setting) => {
          const { clock, first, second } = setting;
          const connection = await get(setting);
          await write(connection, "once");
          await assertHears(first, take, "once");
          const broken = assertRejects(
            () => connection.opened,
            ConnectionLostError,
            "may have received its first bytes",
          );
          if (leave === "silent") await clock.advance(PROBE_MS);
          else first.link.destroy();
          const error = await broken;
          assertEquals(await assertRejects(() => readText(connection)), error);
          assertEquals(await assertRejects(() => write(connection, "more")), error);
          assertEquals(await assertRejects(() => connection.closed), error);
          await second.sync();
        },
      );
    }
  }

  for (const [how, leave] of [["says no", "no"], ["leaves with 1000", "close"]] as const) {
    testEarly(role, `open() sends everything again to another peer, unseen, when the first ${how}`, async (setting) => {
      const { pool, first, second } = setting;
      const connection = await pool.open({ early, metadata: bytes("a") });
      await writeAll(connection, "question");
      await assertHears(first, "open YQ", "question");
      if (leave === "no") await first.say("no");
      else first.link.close(1000);
      await assertHears(second, "open YQ", "question");
      await second.expect("fin");
      await second.say("ok");
      await second.send("answer");
      await second.say("fin");
      assertEquals(await readText(connection), "answer");
      assertEquals(connection.id, second.id);
    });
  }

  testEarly(role, "open() goes on with a lost link while nothing was written", async ({ pool, first, second }) => {
    const connection = await pool.open({ early });
    await first.expect("open");
    first.link.destroy();
    await second.expect("open");
    await second.say("ok");
    await writeAll(connection, "question");
    assertEquals(await second.link.readBytes(8), bytes("question"));
    await second.expect("fin");
  });

  testEarly(role, "64 KiB and no more leave before the answer", async ({ pool, first }) => {
    const connection = await pool.open({ early });
    const content = Uint8Array.from({ length: EARLY_BYTES + 10_000 }, (_, index) => index);
    let isWritten = false;
    const written = write(connection, content).then(() => isWritten = true);
    await first.expect("open");
    assertEquals(await first.link.readBytes(EARLY_BYTES), content.subarray(0, EARLY_BYTES));
    await first.sync();
    assertEquals(isWritten, false);
    await first.say("ok");
    assertEquals(await first.link.readBytes(10_000), content.subarray(EARLY_BYTES));
    await written;
  });

  testEarly(role, "no more than the peer's window leaves", async ({ pool, first }) => {
    const connection = await pool.open({ early });
    const content = Uint8Array.from({ length: 5_000 }, (_, index) => index);
    const written = writeAll(connection, new TextDecoder("ascii").decode(content.map((byte) => byte & 0x7f)));
    await first.expect("open");
    assertEquals((await first.link.readBytes(2_048)).length, 2_048);
    await first.sync();
    await first.say("ok", "credit 5000");
    assertEquals((await first.link.readBytes(2_952)).length, 2_952);
    await first.expect("fin");
    await written;
  }, { window: 2_048 });

  testEarly(role, "abort() before the answer is told behind it", async ({ pool, first }) => {
    const connection = await pool.open({ early });
    await write(connection, "some");
    await assertHears(first, "open", "some");
    connection.abort("not needed");
    await first.sync();
    await first.say("ok");
    await first.expect("reset 1 not needed", "stop 1 not needed");
  });

  testEarly(role, "abort() of a stream whose peer leaves before the answer asks no other", async (setting) => {
    const { pool, first, second } = setting;
    const connection = await pool.open({ early });
    await first.expect("open");
    connection.abort("not needed");
    const over = assertRejects(() => connection.opened, ConnectionLostError);
    first.link.close(1000);
    await over;
    await second.sync();
  });

  testEarly(role, "a deadline that passes before the answer breaks the stream", async ({ pool, clock, first }) => {
    const connection = await pool.open({ early, timeoutMs: 300 });
    await write(connection, "some");
    await assertHears(first, "open", "some");
    const late = assertRejects(() => connection.opened, PoolTimeoutError);
    await clock.advance(300);
    const error = await late;
    assertEquals(await assertRejects(() => connection.closed), error);
    await first.say("ok");
    await first.expect("reset 0", "stop 0");
  });

  testEarly(role, "opened is one promise, and need not be handled", async ({ pool, clock, first }) => {
    const connection = await pool.open({ early, timeoutMs: 300 });
    assertStrictEquals(connection.opened, connection.opened);
    await first.expect("open");
    await clock.advance(300);
    await assertRejects(() => connection.closed, PoolTimeoutError);
    await first.say("ok");
    await first.expect("reset 0", "stop 0");
  });

  testEarly(role, "what came early of a take that got a no reaches no stream, and counts as read", async (setting) => {
    const { pool, first, second } = setting;
    await second.say("open");
    await second.expect("ok");
    await first.say("open");
    await first.send(new Uint8Array(2_048));
    await first.say("fin");
    await first.expect("no", "credit 6144");
    await first.say("take");
    await first.send("mine");
    await first.say("fin");
    await first.expect("ok");
    assertEquals(await readText(await pool.outgoingGet(first.id)), "mine");
  }, { windowBytes: 4_096, maxWindowBytes: 4_096, acceptBacklog: 1 });

  if (role.side === "server") {
    testEarly(role, "the client's take that crosses is void, with its early data and end", async ({ pool, first }) => {
      const connection = await pool.incomingGet({ early });
      await writeAll(connection, "ours");
      await assertHears(first, "take", "ours");
      await first.expect("fin");
      await first.say("take");
      await first.send("theirs, void");
      await first.say("fin", "ok");
      await first.send("theirs, in answer");
      await first.say("fin");
      assertEquals(await readText(connection), "theirs, in answer");
    });
    continue;
  }

  testEarly(
    role,
    "open() that the server's take crosses begins anew on another link",
    async ({ pool, first, second }) => {
      const connection = await pool.open({ early });
      await writeAll(connection, "question");
      await assertHears(first, "open", "question");
      await first.say("take");
      await first.expect("fin", "ok");
      await assertHears(second, "open", "question");
      await second.expect("fin");
      await second.say("ok");
      await connection.opened;
      assertEquals((await pool.outgoingGet(first.id)).id, first.id);
    },
  );

  testEarly(role, "incomingGet() that the server's take crosses breaks, for its id may be known", async (setting) => {
    const { pool, first } = setting;
    const connection = await pool.incomingGet({ early });
    await first.expect("take");
    await first.say("take");
    await first.expect("ok");
    await assertRejects(() => connection.opened, ConnectionLostError);
  });

  testEarly(
    role,
    "outgoingGet() that the server's take crosses sends everything again behind its ok",
    async (setting) => {
      const { pool, first } = setting;
      const connection = await pool.outgoingGet(first.id, { early });
      await writeAll(connection, "question");
      await assertHears(first, "take", "question");
      await first.expect("fin");
      await first.say("take");
      await assertHears(first, "ok", "question");
      await first.expect("fin");
      await first.send("answer");
      await first.say("fin");
      await connection.opened;
      assertEquals(await readText(connection), "answer");
    },
  );
}

for (const { name, open } of pairs) {
  test(`npws/2 early data of ${name}: a thousand streams carry their first bytes with open()`, async () => {
    await using pair = await open({ client: { minCapacity: 4 } });
    pair.remote.call("echo");
    for (let number = 0; number < 1_000; number++) await exchange(await pair.local.open({ early }), `number ${number}`);
    assertEquals(pair.local.stats().taken, 1_000);
  });

  test(`npws/2 early data of ${name}: outgoingGet() finds what was written before the stream was opened`, async () => {
    await using pair = await open();
    const connection = await pair.local.incomingGet({ early });
    await writeAll(connection, "written early");
    await connection.opened;
    const there = await pair.remote.call("outgoingGet", connection.id);
    assertEquals(await pair.remote.call("read", there.stream), "written early");
    await pair.remote.call("write", there.stream, "answered");
    assertEquals(await readExactly(connection, 8), bytes("answered"));
  });
}

test("npws/2 early data: on npws/1 every get is early, and opened has resolved", async () => {
  await using pools = await startPools({ protocol: 1 });
  const connection = await pools.client.incomingGet({ early });
  await connection.opened;
  await write(connection, "hello");
  assertEquals(await readExactly(await pools.server.outgoingGet(connection.id), 5), bytes("hello"));
});

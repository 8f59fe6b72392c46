import { assertEquals } from "@std/assert";
import type { PoolConnection } from "@npws/pool";
import process from "node:process";
import { eventually } from "../contract/eventually.ts";
import { until } from "../contract/pools.ts";
import { readAll, write } from "../contract/streams.ts";
import { test } from "../harness.ts";
import { buildGoPeer } from "./go_build.ts";
import { type Meeting, protections, roles } from "./meeting.ts";
import { countEstablished } from "./tcp_connections.ts";
import { hear, receive, send } from "./transfer.ts";

const MIB = 1_048_576;

const build = await buildGoPeer();
if ("missing" in build) console.warn(`Cannot run the tests against Go: ${build.missing}`);
const isLong = process.env.NPWS_INTEROP_LONG === "1";

/** Registers a test that is skipped where the Go peer is not available. */
function goTest(name: string, run: (program: string) => Promise<void>, timeoutMs = 20_000): void {
  if ("missing" in build) test(`${name} (skipped: ${build.missing})`, () => {}, { skip: true });
  else test(name, () => run(build.program), { timeoutMs });
}

/** Ways in which both sides arrive at the same link. */
const takers: { name: string; take: (meeting: Meeting) => Promise<PoolConnection> }[] = [
  {
    name: "we take",
    async take({ pool, go }) {
      const connection = await pool.incomingGet();
      await go.fetch(connection.id);
      return connection;
    },
  },
  { name: "Go takes", take: async ({ pool, go }) => pool.outgoingGet(await go.any()) },
];

for (const { name: role, meet } of roles) {
  for (const protection of protections) {
    for (const { name: taker, take } of takers) {
      goTest(
        `${role} and Go, TLS ${protection}, ${taker}: bytes arrive each way, and the end is seen`,
        async (program) => {
          await using meeting = await meet(program, { protection });
          const first = await take(meeting);
          await exchange(first, meeting, MIB);
          await endByUs(first, meeting);
          const second = await take(meeting);
          await exchange(second, meeting, MIB);
          await endByGo(second, meeting);
        },
      );
    }
  }

  goTest(`${role} and Go: 64 MiB arrive each way`, async (program) => {
    await using meeting = await meet(program, { protection: "verified" });
    const connection = await meeting.pool.outgoingGet(await meeting.go.any());
    await exchange(connection, meeting, 64 * MIB);
    await endByUs(connection, meeting);
  }, 60_000);

  goTest(`${role} and Go: what was sent before the other side fetched the link arrives`, async (program) => {
    await using meeting = await meet(program);
    const { pool, go } = meeting;
    const ours = await pool.incomingGet();
    await write(ours, "early\n");
    await go.fetch(ours.id);
    assertEquals(await go.hear(ours.id), "early");
    const id = await go.any();
    await go.tell(id, "early");
    assertEquals(await hear(await pool.outgoingGet(id)), "early");
  });

  goTest(`${role} and Go: both fetch 00000000 and tell ids over it`, async (program) => {
    await using meeting = await meet(program, { capacity: 3 });
    const { pool, go } = meeting;
    const [control, idOfGo] = await Promise.all([pool.outgoingGet("00000000"), go.fetch("00000000")]);
    const ours = await pool.incomingGet();
    await write(control, `${ours.id}\n`);
    await go.fetch(await go.hear(idOfGo));
    await exchange(ours, meeting, 1_000);
    await go.tell(idOfGo, await go.any());
    await exchange(await pool.outgoingGet(await hear(control)), meeting, 1_000);
  });

  goTest(
    `${role} and Go: flush() ends though Go reads nothing from idle links, and Go finds them ended`,
    async (program) => {
      await using meeting = await meet(program, { capacity: 3, goCapacity: role === "client" ? 9 : 3 });
      const { pool, go } = meeting;
      await until(pool, ({ idle }) => idle === 3);
      await pool.flush();
      const { links, idle, inUse } = pool.stats();
      assertEquals(links - idle - inUse, 0, "no link is still closing");
      for (let count = 0; count < 3; count++) assertEquals(await go.end(await go.any()), "0");
      await until(pool, ({ idle }) => idle === 3);
    },
  );

  goTest(
    `${role} and Go: close() ends every TCP connection, idle ones and that of a refused upgrade`,
    async (program) => {
      const capacities = role === "client" ? { capacity: 3, goCapacity: 2 } : { capacity: 2, goCapacity: 3 };
      await using meeting = await meet(program, capacities);
      const { pool, port } = meeting;
      await until(pool, ({ idle }) => idle === 2);
      await eventually(() => pool.stats().dialFailures + pool.stats().refusedFull > 1);
      await pool.close();
      assertEquals(pool.stats().links, 0);
      await eventually(() => countEstablished(port) === 0);
    },
  );

  goTest(`${role} and Go: the pool is full again after Go was killed and restarted`, async (program) => {
    await using meeting = await meet(program, { capacity: 3 });
    const { pool } = meeting;
    await until(pool, ({ idle }) => idle === 3);
    await meeting.restartGo();
    await until(pool, ({ idle, lost }) => idle === 3 && lost === 3);
    for (const { take } of takers) await exchange(await take(meeting), meeting, 1_000);
  });

  if (isLong) {
    goTest(`${role} and Go: 300 links are of use after 90 s idle`, async (program) => {
      await using meeting = await meet(program, { capacity: 300 });
      const { pool } = meeting;
      await until(pool, ({ idle }) => idle === 300);
      const before = pool.stats();
      await new Promise((resolve) => setTimeout(resolve, 90_000)); // no event to await: nothing should happen
      assertEquals([pool.active, pool.stats().dialed, pool.stats().lost], [300, before.dialed, 0]);
      const connections = await Promise.all(Array.from({ length: 300 }, () => pool.incomingGet()));
      await Promise.all(connections.map(async (connection) => {
        await meeting.go.fetch(connection.id);
        await exchange(connection, meeting, 1_000);
      }));
    }, 150_000);
  }
}

/** Sends `count` bytes each way simultaneously; both sides agree on what was sent. */
async function exchange(connection: PoolConnection, { go }: Meeting, count: number): Promise<void> {
  const { id } = connection;
  const [ours, gotByGo, theirs, got] = await Promise.all([
    send(connection, count),
    go.receive(id, count),
    go.send(id, count),
    receive(connection, count),
  ]);
  assertEquals([gotByGo, got], [ours, theirs]);
}

async function endByUs(connection: PoolConnection, { go }: Meeting): Promise<void> {
  const [left] = await Promise.all([go.end(connection.id), connection.close()]);
  assertEquals(left, "0");
  await connection.closed;
}

async function endByGo(connection: PoolConnection, { go }: Meeting): Promise<void> {
  const [left] = await Promise.all([readAll(connection), go.close(connection.id)]);
  assertEquals(left.length, 0);
  await connection.closed;
}

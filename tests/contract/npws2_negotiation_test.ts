import { assertEquals, assertRejects, assertStringIncludes } from "@std/assert";
import { NotSupportedError, type Pool, type PoolOptions } from "@npws/pool";
import { runtimeName, test } from "../harness.ts";
import { eventually } from "./eventually.ts";
import { exchange } from "./npws2_bulk.ts";
import { pairs } from "./npws2_pairs.ts";
import { RemotePool } from "./npws2_remote.ts";
import { clientPool, nextEvent, serverPool, transports, urlOf } from "./pools.ts";
import { bytes, readExactly, write } from "./streams.ts";

type Protocol = NonNullable<PoolOptions["protocol"]>;

/** The protocol that two sides speak, given their options; undefined if they have none in common. */
const outcomes: { client: Protocol; server: Protocol; spoken: 1 | 2 | undefined }[] = [
  { client: "auto", server: "auto", spoken: 2 },
  { client: "auto", server: 2, spoken: 2 },
  { client: "auto", server: 1, spoken: 1 },
  { client: 2, server: "auto", spoken: 2 },
  { client: 2, server: 2, spoken: 2 },
  { client: 2, server: 1, spoken: undefined },
  { client: 1, server: "auto", spoken: 1 },
  { client: 1, server: 2, spoken: undefined },
  { client: 1, server: 1, spoken: 1 },
];

for (const { client, server, spoken } of outcomes.filter(({ spoken }) => spoken !== undefined)) {
  const sides = `a client with protocol ${client} and a server with ${server}`;

  for (const { name, open } of pairs) {
    test(`npws negotiation of ${name}: ${sides} speak npws/${spoken}`, async () => {
      await using pair = await open({ client: { protocol: client }, server: { protocol: server } });
      const connection = await pair.local.incomingGet();
      const there = await pair.remote.call("outgoingGet", connection.id);
      assertEquals([connection.protocol, there.protocol], [spoken, spoken]);
      await write(connection, "question");
      const heard = pair.remote.call("read", there.stream);
      await pair.remote.call("write", there.stream, "answer");
      assertEquals(await readExactly(connection, 6), bytes("answer"));
      await connection.writable.close();
      assertEquals(await heard, "question");
      // On npws/1, the link ends with its stream.
      await eventually(() => pair.local.active > 0);
      await assertOpens(pair.local, spoken, () => pair.remote.call("echo"));
    });
  }
}

/** Asserts that `open()` works on npws/2, and only there. */
async function assertOpens(pool: Pool, spoken: 1 | 2 | undefined, echo: () => Promise<unknown>): Promise<void> {
  if (spoken === 1) return void await assertRejects(() => pool.open(), NotSupportedError);
  await echo();
  await exchange(await pool.open(), "opened");
}

for (const { name, options } of transports) {
  test(`npws negotiation: a client on ${name} with protocol 2 refuses a server of npws/1, and says so`, async () => {
    await using server = serverPool({ protocol: 1 });
    await server.start();
    const client = clientPool({ url: urlOf(server), protocol: 2, ...options });
    const failed = nextEvent(client, "dialerror");
    client.start();
    const must = "first message must be an npws/2 hello, got 4 bytes of binary data";
    assertEquals((await failed).error.message, `Cannot dial ${urlOf(server)}/: ${must}`);
    assertEquals([client.isReady, client.stats().links], [false, 0]);
    await client.close();
  });

  test(`npws negotiation: a client on ${name} with protocol 1 is refused by a server with protocol 2`, async () => {
    await using server = serverPool({ protocol: 2 });
    await server.start();
    const client = clientPool({ url: urlOf(server), protocol: 1, ...options });
    const failed = nextEvent(client, "dialerror");
    client.start();
    assertStringIncludes((await failed).error.message, `Cannot dial ${urlOf(server)}/: `);
    // Deno's global WebSocket hides the status.
    const isHidden = runtimeName === "deno" && options.WebSocket !== undefined;
    if (!isHidden) assertStringIncludes((await failed).error.message, "426 Upgrade Required");
    assertEquals([client.isReady, server.stats().links], [false, 0]);
    await client.close();
  });
}

test("npws negotiation: a server serves clients of both protocols on both runtimes at the same time", async () => {
  await using server = serverPool();
  await server.start();
  await using deno = new RemotePool("deno");
  await using bun = new RemotePool("bun");
  await using old = clientPool({ url: urlOf(server), protocol: 1 });
  const remotes = { deno, bun };
  for (const [name, remote] of Object.entries(remotes)) await remote.call("dial", { url: urlOf(server), name });
  await old.start();
  for (const [name, remote] of Object.entries(remotes)) {
    await remote.call("echo");
    await exchange(await server.open({ peer: name }), `to ${name}`);
  }
  const taken = await old.incomingGet();
  const fetched = await server.outgoingGet(taken.id);
  assertEquals([taken.protocol, fetched.protocol], [1, 1]);
  await Promise.all([server.close({ drainMs: 0 }), old.close({ drainMs: 0 })]);
});

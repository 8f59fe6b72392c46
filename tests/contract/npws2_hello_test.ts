import type { Pool, ServerPoolOptions } from "@npws/pool";
import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import type { Clock } from "../../src/time/clock.ts";
import { test } from "../harness.ts";
import { dialNpws1, requestUpgrade } from "../npws1_peer.ts";
import type { RawLink } from "../raw_link.ts";
import { Opcode } from "../websocket_frames.ts";
import { eventually } from "./eventually.ts";
import { dialNpws2, greetWith, helloText, POOL_ID, RawPeer, readHello, takeLink } from "./npws2_raw.ts";
import { roles } from "./npws2_rigs.ts";
import { clientPool, nextEvent, serverPool, TimersByHand, transports, until, urlOf } from "./pools.ts";
import { openClientRig } from "./rigs.ts";
import { bytes, readExactly, write } from "./streams.ts";

const id = "0badcafe";

/** Hellos that break a rule, on both sides. */
const broken: Record<string, string | Uint8Array> = {
  "no JSON": "npws",
  "an empty text": "",
  "no object": "2",
  "null": "null",
  "another version": helloText({ id }).replace(`"npws":2`, `"npws":3`),
  "the version as a text": helloText({ id }).replace(`"npws":2`, `"npws":"2"`),
  "a window of 1,023 bytes": helloText({ id, window: 1_023 }),
  "a window over 16 MiB": helloText({ id, window: 16_777_217 }),
  "half a byte of window": helloText({ id, window: 4_096.5 }),
  "a pool of 15 digits": helloText({ id, pool: POOL_ID.slice(1) }),
  "a pool in upper case": helloText({ id, pool: POOL_ID.toUpperCase() }),
  "a control message": "take",
  "a message of 5 bytes": bytes([1, 2, 3, 4, 5]),
  "4,097 bytes": padded(4_097),
  "4,097 bytes in fewer characters": padded(4_097, "é"),
};

const brokenByServer = {
  ...broken,
  "no id": helloText({}),
  "an id in upper case": helloText({ id: "0BADCAFE" }),
  "an id of 7 digits": helloText({ id: "badcafe" }),
};

const brokenByClient = {
  ...broken,
  "an empty name": helloText({ name: "" }),
  "a name with a space": helloText({ name: "edge 7" }),
  "a name of 65 characters": helloText({ name: "n".repeat(65) }),
  "an id in the place of the hello": bytes([0, 0, 0, 1]),
};

/** A hello of exactly this many bytes, with an unknown member. */
function padded(byteLength: number, filler = "x"): string {
  const room = byteLength - JSON.stringify({ ...JSON.parse(helloText({ id })), more: "" }).length;
  const size = new TextEncoder().encode(filler).length;
  const more = filler.repeat(Math.floor(room / size)) + "x".repeat(room % size);
  return JSON.stringify({ ...JSON.parse(helloText({ id })), more });
}

for (const { name, options } of transports) {
  const { closeCode } = roles.find((role) => role.name.includes(name))!;

  test(`npws/2 hello: a client on ${name} offers npws/2 in the URL and says what it is`, async () => {
    const offers: string[] = [];
    await using rig = await openClientRig({ ...options, name: "edge-7", windowBytes: 4_096 }, {
      greet(opening) {
        offers.push(opening.request.split("\r\n")[0]);
        return greetWith(opening, helloText({ id }));
      },
    });
    const { pool, ...hello } = await readHello(await rig.nextLink());
    assertEquals(hello, { npws: 2, window: 4_096, name: "edge-7" });
    assert(/^[0-9a-f]{16}$/.test(pool as string));
    assertEquals(offers, ["GET /?npws=2 HTTP/1.1"]);
  });

  for (const [what, hello] of Object.entries(brokenByServer)) {
    test(`npws/2 hello: a client on ${name} fails the one link whose server says ${what}`, async () => {
      await using rig = await openClientRig({ ...options, minCapacity: 2 }, {
        greet: (opening) =>
          greetWith(opening, opening.index === 1 ? hello : helloText({ id: `0000000${opening.index}` })),
      });
      const failed = nextEvent(rig.pool, "dialerror");
      const good = await rig.nextLink();
      const bad = await rig.nextLink();
      assertEquals((await bad.readClose()).code, closeCode(1002));
      bad.destroy();
      const { error, attempt } = await failed;
      const length = typeof hello === "string" ? `a text of ${hello.length} characters` : "5 bytes of binary data";
      assertStringIncludes(error.message, `Cannot dial ${rig.server.url}`);
      assertStringIncludes(error.message, `first message must be the 4-byte id or an npws/2 hello, got ${length}`);
      assertEquals(attempt, 1);
      await assertWorks(rig.pool, new RawPeer(good, await readHello(good), "00000000"));
    });
  }

  test(`npws/2 hello: a client on ${name} fails the link of a server that says none in time with 1002`, async () => {
    const clock = new TimersByHand();
    await using rig = await openClientRig({ ...options, dialTimeoutMs: 3_000 }, {
      clock,
      greet: ({ link, accept }) => link.write(accept),
    });
    const failed = nextEvent(rig.pool, "dialerror");
    const link = await rig.nextLink();
    await clock.advance(2_999);
    await link.write(link.frame(Opcode.ping, "still open"));
    assertEquals((await link.readFrame())?.opcode, Opcode.pong);
    await clock.advance(1);
    assertEquals((await link.readClose()).code, closeCode(1002));
    link.destroy();
    assertStringIncludes((await failed).error.message, ": no link within 3000 ms: the server sent no first message");
  });

  test(`npws/2 hello: a client on ${name} tells why its server closed before`, async () => {
    await using rig = await openClientRig(options, { greet: ({ link, accept }) => link.write(accept) });
    const failed = nextEvent(rig.pool, "dialerror");
    (await rig.nextLink()).close(1011, "no room");
    assertStringIncludes(
      (await failed).error.message,
      "closed by the server before its first message: code 1011 (no room)",
    );
  });
}

for (const [what, hello] of Object.entries(brokenByClient)) {
  test(`npws/2 hello: a server fails the one link whose client says ${what}`, async () => {
    await using server = await startServer();
    const good = await server.openPeer();
    const { link } = await server.dial();
    await link.write(link.frame(typeof hello === "string" ? Opcode.text : Opcode.binary, hello));
    assertEquals((await link.readClose()).code, 1002);
    link.destroy();
    await eventually(() => server.pool.stats().dialFailures === 1);
    const length = typeof hello === "string"
      ? `a text of ${hello.length} characters`
      : `${hello.length} bytes of binary data`;
    assertEquals(
      server.pool.stats().lastError?.message,
      `Cannot open link: first message must be an npws/2 hello, got ${length}`,
    );
    await assertWorks(server.pool, good);
  });
}

test("npws/2 hello: a server fails the link of a client that says none within 10 s with 1002", async () => {
  const clock = new TimersByHand();
  await using server = await startServer({}, clock);
  const { link } = await server.dial();
  const good = await server.openPeer();
  await clock.advance(9_999);
  await good.sync();
  assertEquals([server.pool.active, server.pool.stats().dialFailures, server.pool.stats().dialing], [1, 0, 1]);
  await clock.advance(1);
  assertEquals((await link.readClose()).code, 1002);
  link.destroy();
  await eventually(() => server.pool.stats().dialFailures === 1);
  assertEquals(
    server.pool.stats().lastError?.message,
    "Cannot open link: not complete within 10000 ms: the client sent no first message",
  );
  await assertWorks(server.pool, good);
});

test("npws/2 hello: a server says its own first, and nothing more before the client's", async () => {
  const clock = new TimersByHand();
  await using server = await startServer({ keepAliveMs: 1_000, heartbeatTimeoutMs: 500, windowBytes: 65_536 }, clock);
  const waiting = server.pool.incomingGet();
  const { link, hello } = await server.dial();
  const { pool: poolId, ...rest } = hello;
  assertEquals(rest, { npws: 2, id: "00000000", window: 65_536, bundles: true });
  assert(/^[0-9a-f]{16}$/.test(poolId as string));
  await clock.advance(5_000);
  const peer = new RawPeer(link, hello, "00000000");
  await peer.say(helloText());
  await peer.expect("take");
  await peer.say("ok");
  assertEquals((await waiting).id, "00000000");
});

test("npws/2 hello: of exactly 4,096 bytes, with members that nobody knows, is taken", async () => {
  await using server = await startServer();
  for (const filler of ["x", "é"]) {
    const { link, hello } = await server.dial();
    const peer = new RawPeer(link, hello, hello.id as string);
    await peer.say(padded(4_096, filler));
    await assertWorks(server.pool, peer);
  }
});

test("npws/2 hello: a server answers a client that does not offer npws/2 with the id", async () => {
  await using server = await startServer();
  const link = await dialNpws1(server.port, { path: "/?other=2" });
  assertEquals((await server.pool.outgoingGet(link.id)).protocol, 1);
  link.destroy();
});

test("npws/2 hello: a server with protocol 2 refuses a client that does not offer npws/2 with 426", async () => {
  await using server = await startServer({ protocol: 2 });
  const { status, link } = await requestUpgrade(server.port);
  assertEquals(status, 426);
  link.destroy();
});

test("npws/2 hello: a client that goes away before its hello is counted, and takes no place", async () => {
  await using server = await startServer({ maxCapacity: 1 });
  const { link } = await server.dial();
  link.close(1000, "changed my mind");
  await eventually(() => server.pool.stats().dialFailures === 1);
  assertStringIncludes(
    server.pool.stats().lastError!.message,
    "closed by the client before its first message: code 1000",
  );
  await using client = clientPool({ url: urlOf(server.pool) });
  await client.start();
  await until(server.pool, ({ idle }) => idle === 1);
  await client.close({ drainMs: 0 });
});

/** A server pool that listens, and raw clients. Disposing it waits for none of the clients. */
async function startServer(options: ServerPoolOptions = {}, clock?: Clock) {
  const pool = serverPool(options, clock && { clock });
  await pool.start();
  const links: RawLink[] = [];
  return {
    pool,
    port: pool.address.port,
    /** A client that has not sent its hello. */
    async dial() {
      const dialed = await dialNpws2(pool.address.port);
      links.push(dialed.link);
      return dialed;
    },
    /** A client whose link is idle. */
    async openPeer() {
      const { link, hello } = await this.dial();
      const peer = new RawPeer(link, hello, hello.id as string);
      await peer.say(helloText());
      await peer.sync();
      return peer;
    },
    async [Symbol.asyncDispose]() {
      const closed = pool.close({ drainMs: 0 });
      for (const link of links) link.destroy();
      await closed;
    },
  };
}

/** Asserts that the pool hands out the peer's link, and that it carries bytes both ways. */
async function assertWorks(pool: Pool, peer: RawPeer) {
  const connection = await takeLink(pool, peer);
  await write(connection, "to the peer");
  assertEquals(await peer.link.readBytes(11), bytes("to the peer"));
  await peer.send("from the peer");
  assertEquals(await readExactly(connection, 13), bytes("from the peer"));
}

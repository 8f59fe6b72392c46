import { assert, assertEquals, assertNotEquals, assertRejects } from "@std/assert";
import { PoolTimeoutError } from "@npws/pool";
import { test } from "../harness.ts";
import { dialNpws1, requestUpgrade } from "../npws1_peer.ts";
import { Opcode } from "../websocket_frames.ts";
import { serverPool, until } from "./pools.ts";
import { bytes, readExactly, write } from "./streams.ts";

test("npws/1 server: the first message is the id, in one binary frame, and nothing follows", async () => {
  await using pool = serverPool();
  await pool.start();
  const { link } = await requestUpgrade(pool.address.port);
  const frame = await link.readFrame();
  assertEquals(frame, { opcode: Opcode.binary, payload: new Uint8Array(4), isFinal: true, isMasked: false });
  const connection = await pool.incomingGet();
  assertEquals(connection.id, "00000000");
  await write(connection, "next");
  assertEquals(await link.readMessage(), bytes("next"));
  link.destroy();
});

test("npws/1 server: 00000000 is the first id of all and never given again", async () => {
  await using pool = serverPool();
  await pool.start();
  const { port } = pool.address;
  const ids = [];
  for (let index = 0; index < 20; index++) {
    const link = await dialNpws1(port);
    ids.push(link.id);
    link.destroy();
    await until(pool, ({ links }) => links === 0);
  }
  assertEquals(ids[0], "00000000");
  assertEquals(new Set(ids).size, 20);
});

test("npws/1 server: any path and any query is a link, without subprotocol and compression", async () => {
  await using pool = serverPool();
  await pool.start();
  const { status, headers, link } = await requestUpgrade(pool.address.port, {
    path: "/any/path?npws=1&other=%20#",
    headers: { "Sec-WebSocket-Extensions": "permessage-deflate; client_max_window_bits" },
  });
  assertEquals(status, 101);
  assertEquals([headers.get("sec-websocket-extensions"), headers.get("sec-websocket-protocol")], [null, null]);
  assertEquals((await link.readMessage()).length, 4);
  link.destroy();
});

test("npws/1 server: a client that offers npws/2 to a pool of protocol 1 gets an id", async () => {
  await using pool = serverPool({ protocol: 1 });
  await pool.start();
  const link = await dialNpws1(pool.address.port, { path: "/?npws=2" });
  assertEquals((await pool.outgoingGet(link.id)).protocol, 1);
  link.destroy();
});

test("npws/1 server: both sides fetch 00000000 by its id, and it is one connection", async () => {
  await using pool = serverPool();
  await pool.start();
  const waiting = pool.outgoingGet("00000000");
  const [link, other] = [await dialNpws1(pool.address.port), await dialNpws1(pool.address.port)];
  assertEquals(link.id, "00000000");
  assertNotEquals(other.id, "00000000");
  const connection = await waiting;
  await Promise.all([link.send("both"), write(connection, "sides")]);
  assertEquals(await readExactly(connection, 4), bytes("both"));
  assertEquals(await link.readMessage(), bytes("sides"));
  assertEquals(pool.active, 1);
  for (const peer of [link, other]) peer.destroy();
});

test("npws/1 server: a client that leaves right after its upgrade is handed to nobody", async () => {
  await using pool = serverPool();
  await pool.start();
  const answers = await Promise.all(Array.from({ length: 20 }, () => requestUpgrade(pool.address.port)));
  for (const { link } of answers) link.destroy();
  await until(pool, ({ links, dialing }) => links + dialing === 0);
  await assertRejects(() => pool.incomingGet({ timeoutMs: 0 }), PoolTimeoutError);
  const link = await dialNpws1(pool.address.port);
  assert((await pool.incomingGet()).id === link.id);
  link.destroy();
});

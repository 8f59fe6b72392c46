import { assertEquals } from "@std/assert";
import { ConnectionLostError, ProtocolError } from "../../src/errors.ts";
import type { FakePeer } from "../fake_world.ts";
import { FakeWorld, urlOf } from "../fake_world.ts";
import { test } from "../harness.ts";

/** A client pool that makes one dial, and a server that greets it as the test says. */
function setUp(greet: (peer: FakePeer) => void) {
  const world = new FakeWorld();
  const server = world.server();
  server.greet = greet;
  const pool = world.clientPool({ url: urlOf(server), minCapacity: 1, maxCapacity: 1, dialTimeoutMs: 5_000 });
  const errors: Error[] = [];
  pool.addEventListener("dialerror", ({ detail }) => errors.push(detail.error));
  pool.start();
  return { world, clock: world.clock, server, pool, errors, [Symbol.asyncDispose]: () => world[Symbol.asyncDispose]() };
}

test("clientHandshake() takes 4 bytes for the id of a link of npws/1", async () => {
  await using setting = setUp(({ socket }) => socket.send(new Uint8Array([0xa1, 0xb2, 0x00, 0xff])));
  const { world, pool, server } = setting;
  await world.settle();
  const { id, protocol } = await pool.incomingGet();
  assertEquals([id, protocol, server.peers[0].messages], ["a1b200ff", 1, []]);
});

test("clientHandshake() keeps what comes glued to the id", async () => {
  await using setting = setUp(({ socket }) => {
    socket.send(new Uint8Array(4));
    socket.send(new Uint8Array([1, 2]));
    socket.send(new Uint8Array([3]));
  });
  const { world, pool } = setting;
  await world.settle();
  const reader = (await pool.incomingGet()).readable.getReader();
  assertEquals((await reader.read()).value, Uint8Array.of(1, 2, 3));
});

test("clientHandshake() leaves no link in the pool when a close comes glued to the id", async () => {
  await using setting = setUp(({ socket }) => {
    socket.send(new Uint8Array(4));
    socket.close(1011, "");
  });
  const { world, pool } = setting;
  await world.settle();
  const { links, idle, inUse, lost } = pool.stats();
  assertEquals({ links, idle, inUse, lost }, { links: 0, idle: 0, inUse: 0, lost: 1 });
});

const greetings: [string, Uint8Array | string, string][] = [
  ["3 bytes", new Uint8Array(3), "3 bytes of binary data"],
  ["5 bytes", new Uint8Array(5), "5 bytes of binary data"],
  ["a text", "a1b2c3d4", "a text of 8 characters"],
  ["a text of 4 characters", "0000", "a text of 4 characters"],
];
for (const [what, message, described] of greetings) {
  test(`clientHandshake() fails for ${what}, and closes the socket with 1002`, async () => {
    await using setting = setUp(({ socket }) => socket.send(message));
    const { world, server, pool, errors } = setting;
    await world.settle();
    assertEquals(
      errors[0].message,
      `Cannot dial ${urlOf(server)}: first message must be the 4-byte id, got ${described}`,
    );
    assertEquals((errors[0].cause as Error).name, ProtocolError.name);
    assertEquals([server.peers[0].closedWith?.code, pool.stats().links], [1002, 0]);
  });
}

test("clientHandshake() takes a second at most to close a socket that it refuses", async () => {
  await using setting = setUp((peer) => {
    peer.socket.send("hello");
    setting.clock.setTimeout(() => peer.socket.silence(), 0);
    peer.socket.cable.delayMs = 1;
  });
  const { clock, world, errors } = setting;
  await clock.advance(999);
  assertEquals([errors.length, world.network.openSockets], [0, 2]);
  await clock.advance(2);
  assertEquals([errors.length, world.network.openSockets], [1, 1]);
});

test("clientHandshake() fails with code and reason when the server closes before it says anything", async () => {
  await using setting = setUp(({ socket }) => socket.close(1013, "try again later"));
  const { world, server, errors } = setting;
  await world.settle();
  const { cause, message } = errors[0];
  assertEquals(
    message,
    `Cannot dial ${urlOf(server)}: closed by the server before its first message: code 1013 (try again later)`,
  );
  assertEquals([(cause as ConnectionLostError).code, (cause as Error).name], [1013, ConnectionLostError.name]);
});

test("clientHandshake() gives the socket up at the dial's deadline, and when the pool closes", async () => {
  for (const how of ["deadline", "close"]) {
    await using setting = setUp(() => {});
    const { clock, world, pool } = setting;
    await clock.advance(4_999);
    assertEquals([world.network.openSockets, pool.stats().dialing], [2, 1]);
    if (how === "close") await pool.close();
    else await clock.advance(1);
    await clock.advance(0);
    assertEquals([world.network.openSockets, pool.stats().dialFailures], [0, how === "close" ? 0 : 1]);
  }
});

import { assertEquals, assertRejects, assertStrictEquals } from "@std/assert";
import type { PoolConnection } from "../../src/connection/connection.ts";
import { ConnectionLostError } from "../../src/errors.ts";
import { test } from "../harness.ts";
import { DispatcherRig, outcomeOf } from "./dispatcher_rig.ts";

const early = true;

/** Writes something that is kept until the peer has answered, and flushes it. */
async function write(rig: DispatcherRig, { writable }: PoolConnection, ...bytes: number[]): Promise<void> {
  const writer = writable.getWriter();
  writer.write(Uint8Array.from(bytes)).catch(() => {});
  writer.releaseLock();
  await rig.turn();
}

async function end(rig: DispatcherRig, { writable }: PoolConnection): Promise<void> {
  writable.close().catch(() => {});
  await rig.turn();
}

test("an early call has its connection as soon as a link was asked, which is opened by ok", async () => {
  const rig = new DispatcherRig("client");
  const { sent, socket, says } = rig.addLink();
  const connection = await rig.open({ early });
  assertEquals([connection.id, sent()], ["00000000", ["open"]]);
  await write(rig, connection, 1, 2, 3);
  await end(rig, connection);
  let isOpened = false;
  connection.opened.then(() => isOpened = true);
  await rig.turn();
  assertEquals([isOpened, sent()], [false, ["data 3", "fin"]]);
  says("ok");
  await connection.opened;
  assertEquals([sent(), socket.sentBytes, rig.counters.taken], [[], [1, 2, 3], 1]);
});

test("an early call without an idle link waits for one, as any other", async () => {
  const rig = new DispatcherRig("client");
  const call = rig.incomingGet({ early });
  assertEquals(await outcomeOf(rig, call), "waits");
  const { sent } = rig.addLink();
  const connection = await call;
  await write(rig, connection, 1);
  assertEquals([connection.id, sent()], ["00000000", ["take", "data 1"]]);
});

test("an early call is served by a stream that the peer took", async () => {
  const rig = new DispatcherRig("client");
  const { sent, says } = rig.addLink();
  const call = rig.outgoingGet("00000000", { early });
  assertEquals((await call).id, "00000000");
  const waiting = rig.outgoingGet("00000001", { early });
  const other = rig.addLink();
  other.says("ok");
  assertEquals((await waiting).id, "00000001");
  says("ok");
  assertEquals([sent(), other.sent()], [["take"], ["take"]]);
  const accepting = rig.accept({ early });
  rig.addLink().says("open");
  assertEquals((await accepting).id, "00000002");
});

test("an early open goes on with another link, from its first byte, where the peer did not get it", async () => {
  for (const why of ["void", "refused", "left"]) {
    const rig = new DispatcherRig("client");
    const [second, first] = [rig.addLink({ pool: "bbbbbbbbbbbbbbbb" }), rig.addLink()];
    const connection = await rig.open({ early, metadata: "AQ" });
    await write(rig, connection, 1, 2, 3);
    await end(rig, connection);
    first.sent();
    if (why === "void") first.says("take");
    else if (why === "refused") first.says("no");
    else first.socket.end(1000);
    assertEquals(first.sent(), why === "void" ? ["ok"] : [], why);
    assertEquals([second.sent(), second.socket.sentBytes], [["open AQ", "data 3", "fin"], [1, 2, 3]], why);
    second.says("ok");
    await connection.opened;
    assertEquals(connection.id, "00000000", why);
  }
});

test("an early open goes on with another link when its own was lost before anything was written", async () => {
  const rig = new DispatcherRig("client");
  const [second, first] = [rig.addLink(), rig.addLink()];
  const connection = await rig.open({ early });
  first.socket.end(1006);
  assertEquals(second.sent(), ["open"]);
  second.says("ok");
  await connection.opened;
});

test("an early open errors when its link was lost with what was written: it may have arrived", async () => {
  for (const what of ["bytes", "the end alone"]) {
    const rig = new DispatcherRig("client");
    const [second, first] = [rig.addLink(), rig.addLink()];
    const connection = await rig.open({ early });
    if (what === "bytes") await write(rig, connection, 1);
    await end(rig, connection);
    first.socket.end(1006);
    await assertRejects(() => connection.opened, ConnectionLostError, "may have received its first bytes", what);
    await assertRejects(() => connection.closed, ConnectionLostError, "may have received its first bytes", what);
    assertEquals(second.sent(), [], what);
  }
});

test("an early open that was refused sends nothing until it opens again, and then all from its first byte", async () => {
  const rig = new DispatcherRig("client");
  const { socket, sent, says } = rig.addLink();
  const connection = await rig.open({ early });
  await write(rig, connection, 1, 2);
  says("no");
  await write(rig, connection, 3);
  assertEquals(sent(), ["open", "data 2"]);
  await rig.clock.advance(50);
  assertEquals([sent(), socket.sentBytes], [["open", "data 3"], [1, 2, 1, 2, 3]]);
  says("ok");
  await connection.opened;
});

test("an early open that waits for another link sends nothing over the one that the peer took", async () => {
  const rig = new DispatcherRig("client");
  const contended = rig.addLink();
  const connection = await rig.open({ early });
  await write(rig, connection, 1, 2);
  contended.says("take");
  const fetched = await rig.outgoingGet("00000000");
  await write(rig, connection, 3);
  await write(rig, fetched, 9);
  assertEquals([contended.sent(), contended.socket.sentBytes], [["open", "data 2", "ok", "data 1"], [1, 2, 9]]);
  const other = rig.addLink();
  assertEquals([other.sent(), other.socket.sentBytes], [["open", "data 3"], [1, 2, 3]]);
});

test("an early take errors whenever it comes to nothing, for the application may have told its id", async () => {
  for (const why of ["void", "left", "lost"]) {
    const rig = new DispatcherRig("client");
    const [second, first] = [rig.addLink(), rig.addLink()];
    const connection = await rig.incomingGet({ early });
    if (why === "void") first.says("take");
    else first.socket.end(why === "left" ? 1000 : 1006);
    await assertRejects(() => connection.opened, ConnectionLostError, "Cannot use connection 00000001", why);
    assertEquals(second.sent(), [], why);
  }
});

test("an early fetch that the server's take serves sends its bytes again behind its ok", async () => {
  const rig = new DispatcherRig("client");
  const { socket, sent, says } = rig.addLink();
  const connection = await rig.outgoingGet("00000000", { early });
  await write(rig, connection, 1, 2);
  says("take");
  await connection.opened;
  await write(rig, connection, 3);
  await end(rig, connection);
  assertEquals(sent(), ["take", "data 2", "ok", "data 2", "data 1", "fin"]);
  assertEquals(socket.sentBytes, [1, 2, 1, 2, 3]);
});

test("an early fetch errors when the server opened its link for accept()", async () => {
  const rig = new DispatcherRig("client");
  const { says } = rig.addLink();
  const connection = await rig.outgoingGet("00000000", { early });
  says("open");
  await assertRejects(() => connection.opened, ConnectionLostError);
});

test("an early call that gives up breaks its connection, and the late ok hands the stream back", async () => {
  const rig = new DispatcherRig("client");
  const { link, sent, says } = rig.addLink();
  const aborter = new AbortController();
  const connection = await rig.open({ early, signal: aborter.signal });
  await write(rig, connection, 1);
  const enough = new Error("enough");
  aborter.abort(enough);
  assertStrictEquals(await assertRejects(() => connection.opened), enough);
  assertStrictEquals(await assertRejects(() => connection.closed), enough);
  const waiting = rig.open();
  says("ok");
  assertEquals(sent(), ["open", "data 1", "reset 0", "stop 0"]);
  says("reset 0", "idle 0000000b", "ok");
  assertEquals([link.id, (await waiting).id], ["0000000b", "0000000b"]);
});

test("an early call that gives up after its end hands the stream back with that end", async () => {
  const rig = new DispatcherRig("client");
  const { sent, says } = rig.addLink();
  const connection = await rig.open({ early, timeoutMs: 10 });
  await write(rig, connection, 1);
  await end(rig, connection);
  await rig.clock.advance(10);
  says("ok");
  assertEquals(sent(), ["open", "data 1", "fin", "stop 0"]);
});

test("an early connection that was aborted ends behind the peer's ok", async () => {
  const rig = new DispatcherRig("client");
  const { link, sent, says } = rig.addLink();
  const connection = await rig.open({ early });
  await write(rig, connection, 1);
  connection.abort("enough");
  assertEquals(sent(), ["open", "data 1"]);
  says("ok");
  assertEquals(sent(), ["reset 1 enough", "stop 1 enough"]);
  says("reset 1", "idle 0000000b");
  assertEquals(link.state, "idle");
});

test("an early connection that was aborted asks no other link when its own came to nothing", async () => {
  const rig = new DispatcherRig("client");
  const [second, first] = [rig.addLink(), rig.addLink()];
  const connection = await rig.open({ early });
  connection.abort("enough");
  first.says("take");
  await assertRejects(() => connection.opened, ConnectionLostError);
  assertEquals([second.sent(), rig.dispatcher.waiting], [[], 0]);
});

test("an early call whose link is found lost in the moment of its take goes on with the next", async () => {
  const rig = new DispatcherRig("client");
  const [alive, broken] = [rig.addLink(), rig.addLink()];
  broken.socket.isBroken = true;
  const connection = await rig.open({ early });
  await write(rig, connection, 1);
  assertEquals([broken.sent(), alive.sent()], [["terminate"], ["open", "data 1"]]);
});

test("an early call whose only link is found lost in the moment of its take has no connection yet", async () => {
  const rig = new DispatcherRig("client");
  rig.addLink().socket.isBroken = true;
  const call = rig.open({ early });
  assertEquals(await outcomeOf(rig, call), "waits");
  const { sent } = rig.addLink();
  assertEquals([(await call).id, sent()], ["00000001", ["open"]]);
});

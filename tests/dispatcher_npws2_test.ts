import { assertEquals, assertRejects, assertStrictEquals } from "@std/assert";
import { PoolClosedError, PoolTimeoutError } from "../src/errors.ts";
import { DispatcherRig, outcomeOf, PROBE_MS } from "./dispatcher_rig.ts";
import { test } from "./harness.ts";

const [poolA, poolB] = ["aaaaaaaaaaaaaaaa", "bbbbbbbbbbbbbbbb"];

test("Dispatcher.get() gives a link out when the peer has confirmed it, and not before", async () => {
  const rig = new DispatcherRig("client");
  const { sent, says } = rig.addLink();
  const call = rig.incomingGet();
  assertEquals([sent(), await outcomeOf(rig, call)], [["take"], "waits"]);
  await rig.clock.advance(20);
  says("ok");
  assertEquals((await call).id, "00000000");
  const { taken, waitMsTotal, deadOnTake } = rig.counters;
  assertEquals({ taken, waitMsTotal, deadOnTake }, { taken: 1, waitMsTotal: 20, deadOnTake: 0 });
});

test("Dispatcher.get() goes on with another link when one is lost, closed or silent, and counts them", async () => {
  const rig = new DispatcherRig("client");
  const links = [rig.addLink(), rig.addLink(), rig.addLink(), rig.addLink()];
  const [alive, silent, closed, lost] = links;
  const call = rig.incomingGet();
  lost.socket.end(1006);
  closed.socket.end(1000);
  assertEquals(silent.sent(), ["take"]);
  await rig.clock.advance(PROBE_MS - 1);
  assertEquals(alive.sent(), []);
  await rig.clock.advance(1);
  assertEquals([silent.sent(), alive.sent()], [["terminate"], ["take"]]);
  alive.says("ok");
  assertEquals((await call).id, "00000000");
  assertEquals(rig.counters.deadOnTake, 3);
});

test("Dispatcher.get() waits in line when its link was lost and no other is idle", async () => {
  const rig = new DispatcherRig("client");
  const { socket } = rig.addLink();
  const call = rig.incomingGet();
  assertEquals(rig.told, []);
  socket.end(1006);
  assertEquals(rig.told, ["call waits"]);
  const { sent, says } = rig.addLink();
  assertEquals(sent(), ["take"]);
  says("ok");
  assertEquals((await call).id, "00000001");
});

// Crossing takes.

test("Dispatcher.get() of a client goes on with another link when the server took the first one too", async () => {
  const rig = new DispatcherRig("client");
  const [other, contended] = [rig.addLink(), rig.addLink()];
  const call = rig.incomingGet();
  contended.says("take");
  assertEquals([contended.sent(), other.sent()], [["take", "ok"], ["take"]]);
  other.says("ok");
  assertEquals((await call).id, "00000000");
  assertEquals((await rig.outgoingGet("00000001")).id, "00000001");
  assertEquals(rig.counters.deadOnTake, 1);
});

test("Dispatcher.get() by id is served at once by the server's take of the same link", async () => {
  const rig = new DispatcherRig("client");
  const { sent, says } = rig.addLink();
  const call = rig.outgoingGet("00000000");
  says("take");
  assertEquals((await call).id, "00000000");
  assertEquals(sent(), ["take", "ok"]);
});

test("Dispatcher.get() by id waits on when the server opened the same link for accept()", async () => {
  const rig = new DispatcherRig("client");
  const { says } = rig.addLink();
  const call = rig.outgoingGet("00000000");
  says("open");
  assertEquals(await outcomeOf(rig, call), "waits");
  assertEquals(await outcomeOf(rig, rig.accept()), "00000000");
  says("stop 0", "reset 0");
});

test("Dispatcher.get() takes the contended link again when its peer's open found the accept queue full", async () => {
  const rig = new DispatcherRig("client", { acceptBacklog: 0 });
  const { sent, says } = rig.addLink();
  const call = rig.incomingGet();
  says("open");
  assertEquals(sent(), ["take", "no", "take"]);
  says("ok");
  assertEquals((await call).id, "00000000");
});

test("Dispatcher.get() of a server keeps its link when a client's take crosses its own", async () => {
  const rig = new DispatcherRig("server");
  const { sent, says } = rig.addLink();
  const call = rig.incomingGet();
  says("take", "ok");
  assertEquals((await call).id, "00000000");
  assertEquals([sent(), rig.counters.deadOnTake], [["take"], 0]);
});

// Fetching and accepting.

test("Dispatcher.get() by id hands out a stream that the peer took, and sends nothing", async () => {
  const rig = new DispatcherRig("client");
  const { sent, says } = rig.addLink();
  says("take");
  sent();
  const connection = await rig.outgoingGet("00000000");
  assertEquals([connection.id, sent()], ["00000000", []]);
  connection.writable.close();
  says("fin");
  await rig.turn();
  assertEquals(sent(), ["fin", "idle"], "the link is free for the next stream");
});

test("Dispatcher gives a link to the one who waits for its peer, and to the next in line", async () => {
  const rig = new DispatcherRig("server");
  const calls = [
    rig.incomingGet({ peer: "edge-8" }),
    rig.incomingGet({ peer: "edge-7" }),
    rig.open(),
    rig.incomingGet(),
  ];
  for (const name of ["edge-7", "edge-9", undefined, "edge-8"]) rig.addLink({ name }).says("ok");
  const connections = await Promise.all(calls);
  assertEquals(connections.map(({ peer }) => peer), ["edge-8", "edge-7", "edge-9", undefined]);
});

test("Dispatcher.get() by id waits for the peer's take, or for an idle link with the id", async () => {
  const rig = new DispatcherRig("client");
  const calls = ["00000000", "00000001"].map((id) => rig.outgoingGet(id));
  const idle = rig.addLink();
  assertEquals(idle.sent(), ["take"]);
  idle.says("ok");
  assertEquals((await calls[0]).id, "00000000");
  const taken = rig.addLink();
  taken.says("ok");
  assertEquals((await calls[1]).id, "00000001");
});

test("Dispatcher.get() by id says that the peer did not offer it in time", async () => {
  const rig = new DispatcherRig("client");
  rig.addLink();
  const call = rig.outgoingGet("0000000e", { timeoutMs: 10 });
  await rig.clock.advance(10);
  await assertRejects(
    () => call,
    PoolTimeoutError,
    "Cannot get link 0000000e: not offered by the peer within 10 ms",
  );
});

test("Dispatcher.get() by id serves whoever waits when the peer's take comes", async () => {
  const rig = new DispatcherRig("server");
  const { link, sent, says } = rig.addLink();
  const any = rig.incomingGet();
  says("ok");
  await any;
  const call = rig.outgoingGet("0000000b"); // the link's next id
  says("fin", "stop 1");
  await (await any).close();
  says("idle", "ok");
  assertEquals(link.id, "0000000b");
  assertEquals((await call).id, "0000000b");
  assertEquals(sent().slice(-1), ["take"]);
});

test("Dispatcher.get() accepts in the order in which the peer opened, and nothing that it took", async () => {
  const rig = new DispatcherRig("server", { acceptBacklog: 8 });
  const links = [rig.addLink(), rig.addLink(), rig.addLink()];
  links[1].says("open AQ");
  links[0].says("take");
  links[2].says("open Ag");
  const [first, second, third] = [rig.accept(), rig.accept(), rig.accept()];
  assertEquals([(await first).id, ...(await first).metadata], ["00000001", 1]);
  assertEquals([(await second).id, ...(await second).metadata], ["00000002", 2]);
  assertEquals(await outcomeOf(rig, third), "waits");
});

test("Dispatcher refuses an open when as many wait to be accepted as acceptBacklog allows", async () => {
  const rig = new DispatcherRig("server", { acceptBacklog: 2 });
  const links = [rig.addLink(), rig.addLink(), rig.addLink(), rig.addLink()];
  for (const { says } of links) says("open");
  assertEquals(links.map(({ sent }) => sent()), [["ok"], ["ok"], ["no"], ["no"]]);
  await rig.accept();
  links[2].says("open");
  assertEquals(links[2].sent(), ["ok"]);
});

test("Dispatcher takes an open whatever the backlog when somebody waits to accept", async () => {
  const rig = new DispatcherRig("server", { acceptBacklog: 0 });
  const { sent, says } = rig.addLink();
  const call = rig.accept();
  says("open");
  assertEquals([sent(), (await call).id], [["ok"], "00000000"]);
});

test("Dispatcher keeps a link once whose peer's open it refused", async () => {
  const rig = new DispatcherRig("server", { acceptBacklog: 0 });
  const { sent, says } = rig.addLink();
  says("open", "open");
  assertEquals([sent(), rig.dispatcher.store.size], [["no", "no"], 1]);
  const calls = [rig.incomingGet(), rig.incomingGet()];
  assertEquals(sent(), ["take"]);
  says("ok");
  assertEquals((await calls[0]).id, "00000000");
  assertEquals(await outcomeOf(rig, calls[1]), "waits");
});

test("Dispatcher gives up a stream that nobody fetched for 30 seconds", async () => {
  const rig = new DispatcherRig("client");
  const { sent, says } = rig.addLink();
  says("take");
  await rig.clock.advance(30_000);
  assertEquals(sent(), ["ok", "reset 2 never fetched", "stop 2 never fetched"]);
  assertEquals(await outcomeOf(rig, rig.outgoingGet("00000000")), "waits");
});

test("Dispatcher hands out no stream whose link was lost or violated the protocol", async () => {
  for (const end of ["lost", "violated"]) {
    const rig = new DispatcherRig("client");
    const { socket, says } = rig.addLink();
    says("take");
    if (end === "lost") socket.end(1006);
    else says("nonsense");
    assertEquals(await outcomeOf(rig, rig.outgoingGet("00000000")), "waits", end);
  }
});

test("Dispatcher hands out a stream that the peer sent completely before its link was lost", async () => {
  const rig = new DispatcherRig("client");
  const { socket, says } = rig.addLink();
  says("take");
  socket.receive(Uint8Array.of(1, 2, 3));
  says("fin");
  socket.end(1006);
  const { readable } = await rig.outgoingGet("00000000");
  assertEquals([...new Uint8Array(await new Response(readable).arrayBuffer())], [1, 2, 3]);
});

// open() refused.

test("Dispatcher.get() opens at another peer at once when one has refused", async () => {
  const rig = new DispatcherRig("server");
  const [free, full] = [rig.addLink({ pool: poolB }), rig.addLink({ pool: poolA })];
  const call = rig.open({ metadata: Uint8Array.of(1) });
  full.says("no");
  assertEquals([full.sent(), free.sent()], [["open AQ"], ["open AQ"]]);
  free.says("ok");
  assertEquals((await call).id, "00000000");
  assertEquals(rig.counters.deadOnTake, 0);
});

test("Dispatcher.get() opens again after 50 ms when every peer has refused, over no other link before", async () => {
  const rig = new DispatcherRig("server");
  const links = [rig.addLink({ pool: poolA }), rig.addLink({ pool: poolB }), rig.addLink({ pool: poolA })];
  const call = rig.open();
  links[2].says("no");
  links[1].says("no");
  const late = rig.addLink({ pool: poolA });
  await rig.clock.advance(49);
  assertEquals([...links, late].map(({ sent }) => sent()), [[], ["open"], ["open"], []]);
  await rig.clock.advance(1);
  assertEquals([...links, late].map(({ sent }) => sent()), [[], [], [], ["open"]]);
  late.says("ok");
  assertEquals((await call).id, "00000003");
});

test("Dispatcher.get() opens every 50 ms as long as it is refused, until it is over", async () => {
  const rig = new DispatcherRig("client");
  const { sent, says } = rig.addLink();
  const call = rig.open({ timeoutMs: 120 });
  for (const _ of [1, 2, 3]) {
    assertEquals(sent(), ["open"]);
    says("no");
    await rig.clock.advance(50);
  }
  assertEquals([sent(), await outcomeOf(rig, call)], [[], "PoolTimeoutError"]);
  assertEquals([rig.counters.timeouts, rig.counters.aborts], [1, 0]);
});

test("Dispatcher.get() leaves a refused link to other calls", async () => {
  const rig = new DispatcherRig("client");
  const { sent, says } = rig.addLink();
  const refused = rig.open();
  const any = rig.incomingGet();
  says("no");
  assertEquals(sent(), ["open", "take"]);
  says("ok");
  assertEquals((await any).id, "00000000");
  assertEquals(await outcomeOf(rig, refused), "waits");
  await rig.dispatcher.close(new PoolClosedError("over"));
});

// Callers that give up.

test("Dispatcher asks no link for a call whose signal is aborted already", async () => {
  const rig = new DispatcherRig("client");
  const { sent } = rig.addLink();
  await assertRejects(() => rig.incomingGet({ signal: AbortSignal.abort(new Error("enough")) }), Error, "enough");
  assertEquals([sent(), rig.counters.aborts, rig.dispatcher.waiting], [[], 1, 0]);
});

test("Dispatcher serves the next call for any link when the caller has gone before ok", async () => {
  const rig = new DispatcherRig("client");
  const { sent, says } = rig.addLink();
  const aborter = new AbortController();
  const gone = rig.incomingGet({ signal: aborter.signal });
  const next = rig.incomingGet();
  aborter.abort(new Error("enough"));
  await assertRejects(() => gone, Error, "enough");
  assertEquals(sent(), ["take"], "the link stays taken");
  says("ok");
  assertEquals([(await next).id, sent()], ["00000000", []]);
});

test("Dispatcher hands a stream back when its caller has gone and nobody else wants it", async () => {
  const rig = new DispatcherRig("client");
  const { link, sent, says } = rig.addLink();
  const gone = rig.incomingGet({ timeoutMs: 10 });
  await rig.clock.advance(10);
  assertEquals(await outcomeOf(rig, gone), "PoolTimeoutError");
  says("ok");
  assertEquals(sent(), ["take", "reset 0", "stop 0"]);
  says("reset 0", "idle 0000000c");
  assertEquals([link.state, link.id, sent()], ["idle", "0000000c", ["idle"]]);
  assertEquals(rig.counters.taken, 0);
});

test("Dispatcher takes no caller's place with one who wants something else", async () => {
  const name = "edge-7";
  // [who gave up, who waits]
  const calls = [
    [(rig: DispatcherRig) => rig.incomingGet({ timeoutMs: 10 }), (rig: DispatcherRig) => rig.outgoingGet("0000000e")],
    [(rig: DispatcherRig) => rig.incomingGet({ timeoutMs: 10 }), (rig: DispatcherRig) => rig.open()],
    [
      (rig: DispatcherRig) => rig.incomingGet({ timeoutMs: 10 }),
      (rig: DispatcherRig) => rig.incomingGet({ peer: "edge-8" }),
    ],
    [
      (rig: DispatcherRig) => rig.incomingGet({ timeoutMs: 10 }),
      (rig: DispatcherRig) => rig.incomingGet({ early: true }),
    ],
    [(rig: DispatcherRig) => rig.open({ timeoutMs: 10 }), (rig: DispatcherRig) => rig.open()],
    [(rig: DispatcherRig) => rig.open({ timeoutMs: 10 }), (rig: DispatcherRig) => rig.incomingGet()],
    [(rig: DispatcherRig) => rig.outgoingGet("00000000", { timeoutMs: 10 }), (rig: DispatcherRig) => rig.incomingGet()],
  ];
  for (const [leave, wait] of calls) {
    const rig = new DispatcherRig("server");
    const { sent, says } = rig.addLink({ name });
    leave(rig);
    const waiting = wait(rig);
    await rig.clock.advance(10);
    sent();
    says("ok");
    assertEquals(sent(), ["reset 0", "stop 0"], `${leave}, then ${wait}`);
    assertEquals(await outcomeOf(rig, waiting), "waits");
  }
});

test("Dispatcher takes a caller's place with one who wants the same, whatever peer the first asked for", async () => {
  const rig = new DispatcherRig("server");
  const { says } = rig.addLink({ name: "edge-7" });
  rig.incomingGet({ timeoutMs: 10, peer: "edge-7" });
  const waiting = rig.incomingGet({ peer: "edge-7" });
  await rig.clock.advance(10);
  says("ok");
  const connection = await waiting;
  assertEquals([connection.id, connection.peer], ["00000000", "edge-7"]);
});

test("Dispatcher serves the next who fetches the id when the first has gone before ok", async () => {
  const rig = new DispatcherRig("client");
  const { sent, says } = rig.addLink();
  rig.outgoingGet("00000000", { timeoutMs: 10 });
  const next = rig.outgoingGet("00000000");
  await rig.clock.advance(10);
  says("ok");
  assertEquals([(await next).id, sent()], ["00000000", ["take"]]);
});

test("Dispatcher asks no other link for a caller that has gone when its own was lost", async () => {
  const rig = new DispatcherRig("client");
  const [other, lost] = [rig.addLink(), rig.addLink()];
  rig.incomingGet({ timeoutMs: 10 });
  await rig.clock.advance(10);
  lost.socket.end(1006);
  assertEquals([other.sent(), rig.counters.deadOnTake], [[], 1]);
});

test("Dispatcher lets a refused link be idle when its caller has gone", async () => {
  const rig = new DispatcherRig("client");
  const { link, sent, says } = rig.addLink();
  rig.open({ timeoutMs: 10 });
  await rig.clock.advance(10);
  says("no");
  assertEquals([link.state, rig.dispatcher.store.size], ["idle", 1]);
  await rig.clock.advance(1_000);
  assertEquals(sent(), ["open"]);
});

test("Dispatcher.close() rejects every call, returns the links that nobody fetched, and leaves no timer", async () => {
  const rig = new DispatcherRig("client");
  const [taking, refused, reserved] = [rig.addLink({ pool: poolB }), rig.addLink(), rig.addLink()];
  reserved.says("take");
  const calls = [rig.open(), rig.incomingGet(), rig.outgoingGet("0000000e"), rig.accept()];
  refused.says("no");
  const closed = new PoolClosedError("the pool is closed");
  const orphans = rig.dispatcher.close(closed);
  assertEquals(orphans, [reserved.link]);
  for (const call of calls) assertStrictEquals(await assertRejects(() => call), closed);
  assertStrictEquals(await assertRejects(() => rig.incomingGet()), closed);
  taking.socket.end(1000);
  refused.socket.end(1000);
  rig.stopProbing();
  assertEquals(rig.clock.pending, 0);
});

import { assertEquals } from "@std/assert";
import { PoolClosedError } from "../../src/errors.ts";
import { test } from "../harness.ts";
import { DispatcherRig, outcomeOf, PROBE_MS } from "./dispatcher_rig.ts";

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

// open() refused.

test("Dispatcher.get() opens at another peer at once when one has refused", async () => {
  const rig = new DispatcherRig("server");
  const [free, full] = [rig.addLink({ pool: poolB }), rig.addLink({ pool: poolA })];
  const call = rig.open({ metadata: "AQ" });
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

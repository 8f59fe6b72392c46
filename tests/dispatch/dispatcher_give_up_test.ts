import { assertEquals, assertRejects, assertStrictEquals } from "@std/assert";
import { PoolClosedError } from "../../src/errors.ts";
import { test } from "../harness.ts";
import { DispatcherRig, outcomeOf } from "./dispatcher_rig.ts";

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
  const [taking, refused, reserved] = [rig.addLink({ pool: "bbbbbbbbbbbbbbbb" }), rig.addLink(), rig.addLink()];
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

import { assertEquals, assertInstanceOf, assertStrictEquals } from "@std/assert";
import { ConnectionLostError, PoolClosedError, PoolTimeoutError } from "../../src/errors.ts";
import { test } from "../harness.ts";
import { FakeDispatch } from "./fake_dispatch.ts";

test("Dispatcher takes an idle link of npws/1 without a question", async () => {
  const dispatch = new FakeDispatch();
  const link = dispatch.link("0000000a", { protocol: 1 });
  const call = dispatch.any({ timeoutMs: 0 });
  await dispatch.settle();
  assertEquals([call.state, link.takes.length, dispatch.dispatcher.store.size], ["0000000a", 0, 0]);
  assertEquals([dispatch.counters.taken, dispatch.demands, dispatch.clock.pending], [1, 0, 0]);
});

test("Dispatcher serves a call when the peer has granted its take, and counts what it waited", async () => {
  const dispatch = new FakeDispatch();
  const link = dispatch.link("0000000a");
  const call = dispatch.any();
  await dispatch.clock.advance(30);
  assertEquals([call.state, dispatch.dispatcher.waiting], ["waiting", 1]);
  link.grant();
  await dispatch.settle();
  assertEquals([call.state, dispatch.dispatcher.waiting], ["0000000a", 0]);
  assertEquals([dispatch.counters.taken, dispatch.counters.waitMsTotal], [1, 30]);
});

test("Dispatcher gives a link to who has waited longest of those that ask for any and those that ask for its client", async () => {
  const dispatch = new FakeDispatch();
  const calls = [
    dispatch.any({}, "edge-8"),
    dispatch.any({}, "edge-7"),
    dispatch.any(),
    dispatch.any({}, "edge-7"),
  ];
  assertEquals([dispatch.dispatcher.waitingForAny, [...dispatch.dispatcher.waitingByPeer()]], [
    1,
    [["edge-8", 1], ["edge-7", 2]],
  ]);
  for (const id of ["0000000a", "0000000b", "0000000c"]) dispatch.link(id, { peer: "edge-7" }).grant();
  await dispatch.settle();
  assertEquals(calls.map(({ state }) => state), ["waiting", "0000000a", "0000000b", "0000000c"]);
  assertEquals([dispatch.dispatcher.isLinkAwaited, [...dispatch.dispatcher.waitingByPeer()]], [true, [["edge-8", 1]]]);
});

test("Dispatcher gives a link that comes to who waits for its id, then to who has waited longest", async () => {
  const dispatch = new FakeDispatch();
  const calls = [dispatch.any(), dispatch.any(), dispatch.byId("0000000a"), dispatch.byId("0000000a")];
  assertEquals([dispatch.demands, dispatch.dispatcher.waitingForAny], [4, 2]);
  for (const id of ["0000000a", "0000000b", "0000000a", "0000000c"]) dispatch.link(id, { protocol: 1 });
  await dispatch.settle();
  assertEquals(calls.map(({ state }) => state), ["0000000b", "0000000c", "0000000a", "0000000a"]);
});

test("Dispatcher goes on with another link when a take came to nothing, and the call keeps its place", async () => {
  const dispatch = new FakeDispatch();
  const [a, b] = [dispatch.link("0000000a"), dispatch.link("0000000b")];
  const first = dispatch.any();
  dispatch.lose(a);
  const second = dispatch.any();
  b.fail("lost");
  assertEquals([b.takes.length, a.takes.length, dispatch.counters.deadOnTake], [1, 0, 1]);
  const c = dispatch.link("0000000c");
  c.fail("crossed");
  const d = dispatch.link("0000000d");
  d.grant();
  await dispatch.settle();
  assertEquals([first.state, second.state, dispatch.dispatcher.waitingForAny], ["0000000d", "waiting", 1]);
});

test("Dispatcher takes an idle link at once for a call whose take came to nothing", () => {
  const dispatch = new FakeDispatch();
  const [a, b] = [dispatch.link("0000000a"), dispatch.link("0000000b")];
  dispatch.any();
  b.fail("left");
  assertEquals([a.takes.length, dispatch.demands], [1, 0]);
});

test("Dispatcher gives what was granted to a call that has gone to the next that wants the same", async () => {
  // [what the call asked for, what others wait for, which of them the link serves]
  const cases = [
    ["any", ["0000000a", "any"], 1],
    ["any", ["peer", "any"], 1],
    ["0000000a", ["any", "0000000b", "0000000a"], 2],
    ["0000000a", ["any"], undefined],
    ["open", ["any", "open"], undefined],
  ] as const;
  for (const [asked, others, served] of cases) {
    const dispatch = new FakeDispatch();
    const link = dispatch.link("0000000a");
    const call = (what: string, patience = {}) => {
      if (what === "open") return dispatch.open(patience);
      if (what === "peer") return dispatch.any(patience, "edge-7");
      return what === "any" ? dispatch.any(patience) : dispatch.byId(what, patience);
    };
    const gone = call(asked, { timeoutMs: 10 });
    const calls = others.map((other) => call(other));
    await dispatch.clock.advance(10);
    link.grant();
    await dispatch.settle();
    assertEquals(gone.state, "PoolTimeoutError");
    assertEquals(calls.map(({ state }) => state !== "waiting"), others.map((_, index) => index === served), asked);
    assertEquals(link.told, served === undefined ? ["handed back"] : []);
  }
});

test("Dispatcher forgets the failed take of a call that has gone", async () => {
  const dispatch = new FakeDispatch();
  const link = dispatch.link("0000000a");
  const controller = new AbortController();
  const call = dispatch.any({ signal: controller.signal });
  controller.abort();
  link.fail("lost");
  await dispatch.settle();
  assertEquals([call.state, dispatch.counters.aborts, dispatch.counters.deadOnTake], ["AbortError", 1, 1]);
  assertEquals([dispatch.dispatcher.waiting, dispatch.dispatcher.waitingForAny, dispatch.clock.pending], [0, 0, 0]);
});

test("Dispatcher hands out a stream that the peer took, by its id, without a take of its own", async () => {
  const dispatch = new FakeDispatch();
  const link = dispatch.link("0000000a");
  dispatch.peerTakes(link, "take");
  const calls = [dispatch.byId("0000000a", { timeoutMs: 0 }), dispatch.byId("0000000a")];
  await dispatch.settle();
  assertEquals(calls.map(({ state }) => state), ["0000000a", "waiting"]);
  assertEquals([link.told, link.takes.length], [["fetched"], 0]);
});

test("Dispatcher hands out a stream that the peer took to who waits for its id already", async () => {
  const dispatch = new FakeDispatch();
  const link = dispatch.link("0000000a");
  const [taking, waiting] = [dispatch.byId("0000000a"), dispatch.byId("0000000a")];
  dispatch.peerTakes(link, "take");
  link.fail("crossed");
  await dispatch.settle();
  assertEquals([taking.state, waiting.state, link.told], ["waiting", "0000000a", ["fetched"]]);
});

test("Dispatcher gives a stream that was taken by id to nobody who wants any", async () => {
  const dispatch = new FakeDispatch();
  const call = dispatch.any();
  const accepting = dispatch.accept();
  const link = dispatch.link("0000000a");
  link.fail("crossed");
  dispatch.peerTakes(link, "take");
  await dispatch.settle();
  assertEquals([call.state, accepting.state], ["waiting", "waiting"]);
});

test("Dispatcher serves a fetcher whose take crossed the peer's with the stream that this reserved", async () => {
  const dispatch = new FakeDispatch();
  const link = dispatch.link("0000000a");
  const call = dispatch.byId("0000000a");
  dispatch.peerTakes(link, "take");
  link.fail("crossed");
  await dispatch.settle();
  assertEquals([call.state, link.told], ["0000000a", ["fetched"]]);
});

test("Dispatcher keeps opened streams in order for accept(), up to acceptBacklog", async () => {
  const dispatch = new FakeDispatch({ acceptBacklog: 2 });
  const links = ["a", "b", "c"].map((digit) => dispatch.link(`0000000${digit}`));
  for (const link of links.slice(0, 2)) {
    assertEquals(dispatch.dispatcher.canReserve("open"), true);
    dispatch.peerTakes(link, "open");
  }
  assertEquals([dispatch.dispatcher.canReserve("open"), dispatch.dispatcher.canReserve("take")], [false, true]);
  const calls = [dispatch.accept(), dispatch.accept(), dispatch.accept()];
  await dispatch.settle();
  assertEquals(calls.map(({ state }) => state), ["0000000a", "0000000b", "waiting"]);
  assertEquals(dispatch.dispatcher.canReserve("open"), true);
  dispatch.peerTakes(links[2], "open");
  await dispatch.settle();
  assertEquals(calls[2].state, "0000000c");
});

test("Dispatcher gives up a stream that nobody fetches within 30 s", async () => {
  const dispatch = new FakeDispatch();
  const link = dispatch.link("0000000a");
  dispatch.peerTakes(link, "take");
  await dispatch.clock.advance(29_999);
  assertEquals(link.told, []);
  await dispatch.clock.advance(1);
  assertEquals(link.told, ["never fetched"]);
  const call = dispatch.byId("0000000a", { timeoutMs: 0 });
  await dispatch.settle();
  assertEquals([call.state, dispatch.clock.pending], ["PoolTimeoutError", 0]);
});

test("Dispatcher forgets a reserved stream that is over", async () => {
  const dispatch = new FakeDispatch();
  const [byId, opened] = [dispatch.link("0000000a"), dispatch.link("0000000b")];
  dispatch.peerTakes(byId, "take");
  dispatch.peerTakes(opened, "open");
  for (const link of [byId, opened]) dispatch.dispatcher.unreserved(link);
  const calls = [dispatch.byId("0000000a"), dispatch.accept()];
  await dispatch.settle();
  assertEquals(calls.map(({ state }) => state), ["waiting", "waiting"]);
});

test("Dispatcher opens on links of npws/2 alone, with the metadata", async () => {
  const dispatch = new FakeDispatch();
  const metadata = "AQI";
  dispatch.link("0000000a", { protocol: 1 });
  const call = dispatch.open({}, metadata);
  dispatch.link("0000000b", { protocol: 1 });
  assertEquals(dispatch.dispatcher.waitingForAny, 1);
  const link = dispatch.link("0000000c");
  assertEquals([link.takes[0].kind, link.takes[0].metadata], ["open", metadata]);
  link.grant();
  await dispatch.settle();
  assertEquals([call.state, dispatch.dispatcher.store.size], ["0000000c", 2]);
});

test("Dispatcher counts no take as dead that its own close has ended", async () => {
  const dispatch = new FakeDispatch();
  const link = dispatch.link("0000000a");
  const call = dispatch.any();
  dispatch.dispatcher.close(new PoolClosedError("closed"));
  link.fail("lost");
  await dispatch.settle();
  assertEquals([call.state, dispatch.counters.deadOnTake], ["PoolClosedError", 0]);
});

test("Dispatcher opens at another peer when one refuses, and asks all again after 50 ms", async () => {
  const dispatch = new FakeDispatch();
  const a = dispatch.link("0000000a", { peerPool: "one" });
  const b = dispatch.link("0000000b", { peerPool: "two" });
  const b2 = dispatch.link("0000000c", { peerPool: "two" });
  const call = dispatch.open();
  b2.fail("refused");
  assertEquals([b2.takes.length, b.takes.length, a.takes.length], [1, 0, 1]);
  a.fail("refused");
  await dispatch.clock.advance(49);
  assertEquals([b2.takes.length, b.takes.length, a.takes.length], [1, 0, 1]);
  assertEquals([call.state, dispatch.counters.deadOnTake], ["waiting", 0]);
  await dispatch.clock.advance(1);
  a.grant();
  await dispatch.settle();
  assertEquals([a.takes.length, call.state, dispatch.clock.pending], [2, "0000000a", 0]);
});

test("Dispatcher gives an early call its stream with the take, and confirms it later", async () => {
  const dispatch = new FakeDispatch();
  const link = dispatch.link("0000000a");
  const call = dispatch.byId("0000000a", { early: true });
  await dispatch.settle();
  let isOpened = false;
  call.connection!.opened.then(() => isOpened = true);
  await call.connection!.writable.getWriter().write(new Uint8Array([1]));
  await dispatch.settle();
  assertEquals([call.state, isOpened, link.told], ["0000000a", false, ["data 1"]]);
  link.grant();
  await dispatch.settle();
  assertEquals([isOpened, dispatch.counters.taken, dispatch.dispatcher.waiting], [true, 1, 0]);
});

test("Dispatcher sends an early open again elsewhere, unless its bytes may have arrived", async () => {
  // [why the take failed, whether the call had written, whether it goes on]
  const cases = [
    ["crossed", true, true],
    ["left", true, true],
    ["refused", true, true],
    ["lost", false, true],
    ["lost", true, false],
  ] as const;
  for (const [why, hasWritten, goesOn] of cases) {
    const dispatch = new FakeDispatch();
    const a = dispatch.link("0000000a", { peerPool: "one" });
    const b = dispatch.link("0000000b", { peerPool: "two" });
    const call = dispatch.open({ early: true });
    await dispatch.settle();
    if (hasWritten) call.connection!.writable.getWriter().write(new Uint8Array([1])).catch(() => {});
    await dispatch.settle();
    b.fail(why);
    await dispatch.settle();
    assertEquals(a.takes.length, goesOn ? 1 : 0, why);
    if (goesOn) {
      a.grant();
      await dispatch.settle();
      assertEquals([call.connection!.id, a.told], ["0000000a", hasWritten ? ["data 1"] : []]);
    } else assertInstanceOf(await call.connection!.closed.catch((error) => error), ConnectionLostError);
  }
});

test("Dispatcher breaks an early fetch whose take came to nothing, written to or not", async () => {
  for (const why of ["left", "lost", "crossed"] as const) {
    const dispatch = new FakeDispatch();
    const link = dispatch.link("0000000a");
    const call = dispatch.byId("0000000a", { early: true });
    await dispatch.settle();
    link.fail(why);
    await dispatch.settle();
    assertInstanceOf(await call.connection!.closed.catch((error) => error), ConnectionLostError);
    assertInstanceOf(await call.connection!.opened.catch((error) => error), ConnectionLostError);
    assertEquals([dispatch.dispatcher.waiting, dispatch.clock.pending], [0, 0], why);
  }
});

test("Dispatcher lets an early fetcher go on that the peer's crossing take serves", async () => {
  const dispatch = new FakeDispatch();
  const link = dispatch.link("0000000a");
  const call = dispatch.byId("0000000a", { early: true });
  await dispatch.settle();
  await call.connection!.writable.getWriter().write(new Uint8Array([1]));
  await dispatch.settle();
  dispatch.peerTakes(link, "take");
  link.fail("crossed");
  await dispatch.settle();
  await call.connection!.opened;
  assertEquals(link.told, ["data 1", "adopted", "data 1"]);
});

test("Dispatcher hands an early stream back whose call ended before the peer's answer", async () => {
  const dispatch = new FakeDispatch();
  const link = dispatch.link("0000000a");
  const call = dispatch.any({ early: true, timeoutMs: 10 });
  const other = dispatch.any();
  await dispatch.clock.advance(10);
  assertInstanceOf(await call.connection!.opened.catch((error) => error), PoolTimeoutError);
  assertInstanceOf(await call.connection!.closed.catch((error) => error), PoolTimeoutError);
  link.grant();
  await dispatch.settle();
  assertEquals([link.told, other.state], [["handed back"], "waiting"]);
});

test("Dispatcher says what was waited for in vain", async () => {
  const dispatch = new FakeDispatch();
  const calls = [dispatch.accept({ timeoutMs: 20 }), dispatch.open({ timeoutMs: 20 })];
  await dispatch.clock.advance(20);
  const gauges = (waiting: number) => `within 20 ms (idle 0, in use 0, dialing 0, waiting ${waiting})`;
  assertEquals(calls.map(({ error }) => (error as Error).message), [
    `Cannot accept a stream: the peer opened none ${gauges(2)}`,
    `Cannot open a stream: none became idle ${gauges(1)}`,
  ]);
  assertEquals(dispatch.counters.timeouts, 2);
});

test("Dispatcher.close() rejects every call, and names the links whose streams nobody fetches", async () => {
  const dispatch = new FakeDispatch();
  const reserved = ["a", "b"].map((digit) => dispatch.link(`0000000${digit}`));
  const taking = dispatch.link("0000000c");
  const calls = [dispatch.any(), dispatch.byId("0000000d"), dispatch.accept(), dispatch.open()];
  dispatch.peerTakes(reserved[0], "take");
  dispatch.peerTakes(reserved[1], "open");
  const closed = new PoolClosedError("Cannot get a link: the pool is closed");
  const orphans = dispatch.dispatcher.close(closed);
  calls.push(dispatch.any());
  taking.fail("lost");
  await dispatch.settle();
  assertEquals(orphans.map(({ id }) => id), ["0000000a"]);
  const errors = calls.filter(({ connection }) => !connection).map(({ error }) => error);
  assertEquals(errors.length, 4);
  for (const error of errors) assertStrictEquals(error, closed);
  assertEquals([dispatch.dispatcher.waiting, dispatch.clock.pending], [0, 0]);
});

test("Dispatcher.close() leaves no pause of a refused call behind", async () => {
  const dispatch = new FakeDispatch();
  const call = dispatch.open();
  dispatch.link("0000000a").fail("refused");
  assertEquals(dispatch.clock.pending, 1);
  dispatch.dispatcher.close(new PoolClosedError("Cannot get a link: the pool is closed"));
  await dispatch.settle();
  assertEquals([call.state, dispatch.clock.pending], ["PoolClosedError", 0]);
});

import { assert, assertEquals, assertFalse, assertRejects, assertStrictEquals, assertThrows } from "@std/assert";
import { spy } from "@std/testing/mock";
import {
  type CallHost,
  type CallOptions,
  KeyedWaitQueue,
  WaitingCalls,
  WaitQueue,
} from "../../src/dispatch/wait_queue.ts";
import { PoolExhaustedError } from "../../src/errors.ts";
import { CountedSignal } from "../counted_signal.ts";
import { ManualClock } from "../fakes.ts";
import { test } from "../harness.ts";

class Late extends Error {}

/** Waiting calls on a manual clock, and a shortcut to enter one. */
function setUp(maxWaiters = 100) {
  const clock = new ManualClock();
  const host: CallHost<string, string> = { timeoutError: () => new Late(), gaveUp() {} };
  const calls = new WaitingCalls<string, string>(clock, maxWaiters, host);
  const enter = (call: string, options: Partial<CallOptions<string>> = {}) =>
    calls.enter({ call, timeoutMs: Infinity, ...options });
  return { clock, host, calls, enter };
}

test("WaitQueue.shift() serves callers in the order in which they came", async () => {
  const { enter, calls } = setUp();
  const queue = new WaitQueue<string, string>();
  const callers = ["a", "b", "c"].map((call) => enter(call));
  for (const caller of callers) queue.add(caller);
  assertEquals(queue.size, 3);
  for (const caller of callers) {
    const served = queue.shift();
    assertStrictEquals(served, caller);
    assert(served?.resolve(`link for ${served.call}`));
  }
  assertEquals(await Promise.all(callers.map((caller) => caller.outcome.promise)), [
    "link for a",
    "link for b",
    "link for c",
  ]);
  assertEquals(queue.shift(), undefined);
  assertEquals(queue.size, 0);
  assertEquals(calls.size, 0);
});

test("WaitQueue.shift(predicate) serves the first that wants it and leaves the others in order", () => {
  const { enter } = setUp();
  const queue = new WaitQueue<string, string>();
  for (const call of ["edge-1", "edge-2", "edge-1", "edge-2"]) queue.add(enter(call));
  const second = queue.first((caller) => caller.call === "edge-2");
  assertEquals(queue.size, 4);
  assertStrictEquals(queue.shift((caller) => caller.call === "edge-2"), second);
  assertEquals(queue.shift((caller) => caller.call === "edge-3"), undefined);
  assertEquals([queue.shift(), queue.shift(), queue.shift()].map((caller) => caller?.call), [
    "edge-1",
    "edge-1",
    "edge-2",
  ]);
});

test("WaitQueue.add() gives a caller that comes back its old place", () => {
  const { enter } = setUp();
  const queue = new WaitQueue<string, string>();
  const [a, b, c, d] = ["a", "b", "c", "d"].map((call) => enter(call));
  for (const caller of [a, b, c, d]) queue.add(caller);
  queue.shift();
  queue.shift();
  queue.remove(d);
  queue.add(b);
  queue.add(a);
  queue.add(d);
  assertEquals(Array.from({ length: 4 }, () => queue.shift()), [a, b, c, d]);
});

test("WaitQueue.add() sorts by arrival, whatever the order in which callers come back", () => {
  const { enter } = setUp();
  const callers = Array.from({ length: 5 }, (_, index) => enter(String(index)));
  for (const order of permutations([0, 1, 2, 3, 4])) {
    const queue = new WaitQueue<string, string>();
    for (const index of order) queue.add(callers[index]);
    assertEquals(callers.map(() => queue.shift()), callers, `added as ${order}`);
  }
});

test("WaitQueue.remove() takes callers out of the front, the middle and the back", () => {
  const { enter } = setUp();
  for (const order of permutations([0, 1, 2])) {
    const queue = new WaitQueue<string, string>();
    const callers = ["a", "b", "c"].map((call) => enter(call));
    for (const caller of callers) queue.add(caller);
    for (const [count, index] of order.entries()) {
      assert(queue.remove(callers[index]));
      assertFalse(queue.remove(callers[index]));
      assertEquals(queue.size, 2 - count);
    }
    assertEquals(queue.first(), undefined);
  }
});

test("WaitQueue.remove() leaves a caller alone that stands in another queue", () => {
  const { enter } = setUp();
  const [here, there] = [new WaitQueue<string, string>(), new WaitQueue<string, string>()];
  const caller = enter("a");
  there.add(caller);
  assertFalse(here.remove(caller));
  assertStrictEquals(there.shift(), caller);
});

test("WaitQueue.add() refuses a caller that stands in a queue already", () => {
  const { enter } = setUp();
  const caller = enter("a");
  new WaitQueue<string, string>().add(caller);
  assertThrows(() => new WaitQueue<string, string>().add(caller), Error, "Cannot queue a caller");
});

test("WaitQueue.add() keeps a settled caller out", () => {
  const { enter } = setUp();
  const queue = new WaitQueue<string, string>();
  const byId = new KeyedWaitQueue<string, string>();
  const caller = enter("a");
  caller.resolve("link");
  queue.add(caller);
  byId.add("a1b2c3d4", caller);
  assertEquals(queue.size, 0);
  assertEquals(byId.size, 0);
});

test("Caller leaves its queue when it is settled, and never loses a link", async () => {
  const { clock, enter, calls } = setUp();
  const queue = new WaitQueue<string, string>();
  const controller = new AbortController();
  const timedOut = enter("timed out", { timeoutMs: 10 });
  const aborted = enter("aborted", { signal: controller.signal });
  const rejected = enter("rejected");
  const served = enter("served");
  for (const caller of [timedOut, aborted, rejected, served]) queue.add(caller);
  const settled = Promise.allSettled([timedOut.outcome.promise, aborted.outcome.promise, rejected.outcome.promise]);
  await clock.advance(10);
  controller.abort();
  rejected.reject(new Error("closed"));
  assertEquals((await settled).map(({ status }) => status), ["rejected", "rejected", "rejected"]);
  assertEquals(queue.size, 1);
  assertEquals(calls.size, 1);
  assertStrictEquals(queue.shift(), served);
  assertFalse(timedOut.resolve("link"), "a caller that is gone takes no link");
  assertFalse(aborted.resolve("link"));
  assertFalse(rejected.reject(new Error("again")));
});

test("Caller rejects at its deadline with the error that the pool makes", async () => {
  const { clock, host, calls, enter } = setUp();
  await clock.advance(5);
  const seen: unknown[] = [];
  host.timeoutError = ({ call, timeoutMs, waitedMs }) => {
    seen.push(`${call}: waited ${waitedMs} of ${timeoutMs}, ${calls.size} waiting`);
    return new Late("too late");
  };
  host.gaveUp = ({ call, settled }, why) => seen.push(`${call}: ${why}, ${calls.size} waiting, settled ${settled}`);
  const caller = enter("any", { timeoutMs: 100 });
  const rejection = assertRejects(() => caller.outcome.promise, Late, "too late");
  await clock.advance(99);
  assertFalse(caller.settled);
  assertEquals(caller.waitedMs, 99);
  await clock.advance(1);
  await rejection;
  assertEquals(seen, ["any: waited 100 of 100, 1 waiting", "any: timeout, 0 waiting, settled true"]);
  assertEquals(clock.pending, 0);
});

test("Caller keeps its deadline while it stands in no queue", async () => {
  const { clock, enter } = setUp();
  const queue = new WaitQueue<string, string>();
  const caller = enter("any", { timeoutMs: 100 });
  const rejection = assertRejects(() => caller.outcome.promise, Late);
  queue.add(caller);
  queue.shift();
  await clock.advance(100);
  await rejection;
  queue.add(caller);
  assertEquals(queue.size, 0);
});

test("Caller rejects with its signal's own reason", async () => {
  const { host, enter } = setUp();
  const counted = new CountedSignal();
  const { signal } = counted;
  const gaveUp: string[] = [];
  host.gaveUp = (_, why) => gaveUp.push(why);
  const caller = enter("any", { signal, timeoutMs: 100 });
  const reason = { any: "value" };
  counted.abort(reason);
  assertStrictEquals(await caller.outcome.promise.catch((error) => error), reason);
  assertEquals(gaveUp, ["abort"]);
  assertEquals(counted.listeners, 0);
});

test("Caller leaves no listener behind, and no timer of its own, however it is settled", async () => {
  const { clock, host, calls, enter } = setUp();
  const ways: ((caller: ReturnType<typeof enter>) => void)[] = [
    (caller) => caller.resolve("link"),
    (caller) => caller.reject(new Error("closed")),
    () => calls.reject(new Error("closed"), () => true),
  ];
  for (const settle of ways) {
    const counted = new CountedSignal();
    const { signal } = counted;
    const gaveUp = host.gaveUp = spy();
    const caller = enter("any", { signal, timeoutMs: 100 });
    assertEquals([clock.pending, counted.listeners], [1, 1]);
    settle(caller);
    await caller.outcome.promise.catch(() => {});
    assertEquals([clock.pending, counted.listeners, calls.size], [1, 0, 0]);
    assertEquals(gaveUp.calls.length, 0, "only a deadline and a signal are a caller's own end");
  }
});

test("Caller with an infinite timeout sets no timer", () => {
  const { clock, enter } = setUp();
  enter("any", { timeoutMs: Infinity });
  assertEquals(clock.pending, 0);
});

test("WaitingCalls.enter() throws the reason of a signal that is aborted already", () => {
  const { clock, calls, enter } = setUp();
  const counted = new CountedSignal();
  const { signal } = counted;
  const reason = new Error("not wanted");
  counted.abort(reason);
  assertStrictEquals(assertThrows(() => enter("any", { signal, timeoutMs: 100 })), reason);
  assertEquals([clock.pending, counted.listeners, calls.size], [0, 0, 0]);
});

test("WaitingCalls.enter() throws PoolExhaustedError when as many wait as are allowed, queued or not", () => {
  const { clock, enter } = setUp(2);
  const queue = new WaitQueue<string, string>();
  const first = enter("a");
  queue.add(first);
  enter("b");
  assertThrows(
    () => enter("c", { timeoutMs: 100 }),
    PoolExhaustedError,
    "Cannot wait: 2 calls are already waiting, as many as maxWaiters allows",
  );
  assertEquals(clock.pending, 0);
  first.resolve("link");
  enter("c");
});

test("WaitingCalls.reject() rejects those in queues and those being served, the longest waiting first", async () => {
  const { calls, enter } = setUp();
  const queue = new WaitQueue<string, string>();
  const rejected: string[] = [];
  const closed = new Error("closed");
  const callers = ["a", "b", "c"].map((call) => enter(call));
  const ends = callers.map(({ outcome, call }) =>
    outcome.promise.catch((error) => rejected.push(`${call} ${error.message}`))
  );
  queue.add(callers[2]);
  queue.add(callers[1]);
  calls.reject(closed, () => true);
  await Promise.all(ends);
  assertEquals(rejected, ["a closed", "b closed", "c closed"]);
  assertEquals([calls.size, queue.size], [0, 0]);
});

test("KeyedWaitQueue serves each key in order and forgets a key nobody waits for", async () => {
  const { clock, enter } = setUp();
  const byId = new KeyedWaitQueue<string, string>();
  const [a1, b, a2] = [enter("a"), enter("b", { timeoutMs: 10 }), enter("a")];
  for (const caller of [a1, b, a2]) byId.add(caller.call, caller);
  assertEquals(byId.size, 2);
  assertStrictEquals(byId.first("a"), a1);
  assertStrictEquals(byId.shift("a"), a1);
  byId.add("a", a1);
  assertStrictEquals(byId.shift("a"), a1);
  assertStrictEquals(byId.shift("a"), a2);
  assertEquals(byId.shift("a"), undefined);
  const rejection = assertRejects(() => b.outcome.promise, Late);
  await clock.advance(10);
  await rejection;
  assertEquals(byId.first("b"), undefined);
  assertEquals(byId.size, 0);
});

function permutations(items: number[]): number[][] {
  if (items.length === 0) return [[]];
  return items.flatMap((item) => permutations(items.filter((other) => other !== item)).map((rest) => [item, ...rest]));
}

test("WaitingCalls has one timer for all calls that wait equally long, and each has its own deadline", async () => {
  const { clock, calls, enter } = setUp();
  const enterLate = (call: string, timeoutMs: number) => {
    const caller = enter(call, { timeoutMs });
    return [caller, assertRejects(() => caller.outcome.promise, Late)] as const;
  };
  const [first, firstLate] = enterLate("first", 1_000);
  await clock.advance(400);
  const [second, secondLate] = enterLate("second", 1_000);
  const served = enter("served", { timeoutMs: 1_000 });
  const [, soonLate] = enterLate("soon", 500);
  enter("as soon", { timeoutMs: 500 }).resolve("link");
  assertEquals(clock.pending, 2);
  served.resolve("link");
  await clock.advance(500);
  await soonLate;
  await clock.advance(99);
  assertEquals([first.settled, second.settled, calls.size], [false, false, 2]);
  await clock.advance(1);
  await firstLate;
  await clock.advance(399);
  assertFalse(second.settled);
  await clock.advance(1);
  await secondLate;
  assertEquals(await served.outcome.promise, "link");
  assertEquals([calls.size, clock.pending], [0, 0]);
});

test("WaitingCalls.reject() leaves no timer after end()", async () => {
  const { clock, calls, enter } = setUp();
  const callers = [enter("usual", { timeoutMs: 1_000 }), enter("other", { timeoutMs: 2_000 })];
  const rejected = callers.map(({ outcome }) => assertRejects(() => outcome.promise, Late));
  calls.end();
  assertEquals(clock.pending, 2);
  calls.reject(new Late(), () => true);
  await Promise.all(rejected);
  assertEquals(clock.pending, 0);
});

test("WaitingCalls keeps one timer for the next call when nobody waits any more, until end()", () => {
  const { clock, calls, enter } = setUp();
  const callers = [enter("first", { timeoutMs: 1_000 }), enter("second", { timeoutMs: 1_000 })];
  for (const caller of callers) caller.resolve("link");
  assertEquals(clock.pending, 1);
  enter("third", { timeoutMs: 1_000 }).resolve("link");
  assertEquals(clock.pending, 1);
  calls.end();
  assertEquals(clock.pending, 0);
});

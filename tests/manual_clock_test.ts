import { assertEquals, assertThrows } from "@std/assert";
import { ManualClock } from "./fakes.ts";
import { test } from "./harness.ts";

test("ManualClock.advance() runs due timers in the order of time, then of creation", async () => {
  const clock = new ManualClock();
  const ran: string[] = [];
  for (const [name, ms] of [["c", 20], ["a", 10], ["b", 10], ["never", 31]] as const) {
    clock.setTimeout(() => ran.push(`${name}@${clock.now()}`), ms);
  }
  await clock.advance(30);
  assertEquals(ran, ["a@10", "b@10", "c@20"]);
  assertEquals(clock.now(), 30);
  assertEquals(clock.pending, 1);
});

test("ManualClock.advance() runs timers that timers set", async () => {
  const clock = new ManualClock();
  const ran: number[] = [];
  const tick = () => {
    ran.push(clock.now());
    clock.setTimeout(tick, 10);
  };
  clock.setTimeout(tick, 10);
  await clock.advance(35);
  assertEquals(ran, [10, 20, 30]);
});

test("ManualClock.advance() finishes promises and the turn before the next timer", async () => {
  const clock = new ManualClock();
  const ran: string[] = [];
  clock.setTimeout(() => {
    clock.endOfTurn(() => ran.push("end of turn"));
    Promise.resolve().then(() => ran.push("microtask"));
    ran.push("first timer");
  }, 1);
  clock.setTimeout(() => ran.push("second timer"), 1);
  await clock.advance(1);
  assertEquals(ran, ["first timer", "microtask", "end of turn", "second timer"]);
});

test("ManualClock.advance(0) ends the turn and runs timers of 0 ms", async () => {
  const clock = new ManualClock();
  const ran: string[] = [];
  clock.setTimeout(() => ran.push("timer"), 0);
  clock.endOfTurn(() => clock.endOfTurn(() => ran.push("end of turn")));
  assertEquals(clock.pending, 2);
  await clock.advance(0);
  assertEquals(ran, ["end of turn", "timer"]);
  assertEquals(clock.pending, 0);
});

test("ManualClock.clearTimeout() stops a timer and bears those that ran", async () => {
  const clock = new ManualClock();
  const timer = clock.setTimeout(() => {}, 1);
  clock.clearTimeout(timer);
  assertEquals(clock.pending, 0);
  clock.clearTimeout(timer);
  clock.clearTimeout(undefined);
  await clock.advance(1);
});

test("ManualClock.setTimeout() throws for what the runtimes would run at once", () => {
  assertThrows(() => new ManualClock().setTimeout(() => {}, Infinity), RangeError);
  assertThrows(() => new ManualClock().setTimeout(() => {}, NaN), RangeError);
});

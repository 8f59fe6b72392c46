import { assertEquals, assertGreaterOrEqual } from "@std/assert";
import { stub } from "@std/testing/mock";
import { nextTick } from "node:process";
import { setImmediate } from "node:timers";
import { systemClock } from "../../src/time/clock.ts";
import { test } from "../harness.ts";
import { runToEnd } from "../run_to_end.ts";

const longestMs = 2 ** 31 - 1;

test("systemClock.now() does not go back", () => {
  const before = systemClock.now();
  assertGreaterOrEqual(systemClock.now(), before);
});

test("systemClock.setTimeout() calls back", async () => {
  await new Promise<void>((resolve) => systemClock.setTimeout(resolve, 2));
});

test("systemClock.setTimeout() divides a wait that is longer than the runtimes' timers take", () => {
  const waits: number[] = [];
  let calls = 0;
  using _ = stub(globalThis, "setTimeout", runAtOnce(waits));
  systemClock.setTimeout(() => calls++, 2 * longestMs + 5);
  assertEquals(waits, [longestMs, longestMs, 5]);
  assertEquals(calls, 1);
});

test("systemClock.clearTimeout() stops a timer, and the later parts of a divided one", async () => {
  const calls: string[] = [];
  const short = systemClock.setTimeout(() => calls.push("short"), 1);
  const long = systemClock.setTimeout(() => calls.push("long"), longestMs + 1);
  systemClock.clearTimeout(short);
  systemClock.clearTimeout(long);
  systemClock.clearTimeout(undefined);
  await new Promise<void>((resolve) => systemClock.setTimeout(resolve, 5));
  assertEquals(calls, []);
});

test("systemClock.setRef() applies to every part of a divided wait", () => {
  const log: string[] = [];
  const parts: (() => void)[] = [];
  const set = (part: (...args: unknown[]) => void, _ms: number, ...args: unknown[]) => {
    const number = parts.push(() => part(...args));
    return { ref: () => log.push(`ref ${number}`), unref: () => log.push(`unref ${number}`) };
  };
  using _ = stub(globalThis, "setTimeout", set as never);
  const timer = systemClock.setTimeout(() => {}, 3 * longestMs);
  systemClock.setRef(timer, false);
  parts[0]!();
  systemClock.setRef(timer, true);
  parts[1]!();
  assertEquals([log, parts.length], [["unref 1", "unref 2", "ref 2"], 3]);
});

test("systemClock.setRef() does nothing for timers that are numbers", () => {
  using _ = stub(globalThis, "setTimeout", (() => 1) as never);
  for (const isRef of [false, true]) systemClock.setRef(systemClock.setTimeout(() => {}, 5), isRef);
});

test("systemClock.endOfTurn() calls back after all promises that can go on and their ticks, before the next event", async () => {
  const calls: string[] = [];
  const steps = async () => {
    for (let step = 1; step <= 5; step++) calls.push(await `step ${step}`);
    nextTick(() => calls.push("tick"));
  };
  await inTurnOfItsOwn((nextTurn) => {
    setImmediate(() => nextTurn(calls.push("next turn")));
    systemClock.endOfTurn(() => calls.push("end of turn"));
    steps();
  });
  assertEquals(calls, ["step 1", "step 2", "step 3", "step 4", "step 5", "tick", "end of turn", "next turn"]);
});

test("systemClock keeps its promises in the first turn of a process, which a timer without a ref does not keep alive", async () => {
  const { exitCode, output } = await runToEnd(new URL("clock_program.ts", import.meta.url));
  assertEquals([exitCode, output], [0, "step 1, step 2, step 3, end of turn\n"]);
});

/** Runs a function in a turn of its own, and resolves when that calls `resolve`. */
function inTurnOfItsOwn(run: (resolve: (value: unknown) => void) => void): Promise<unknown> {
  return new Promise((resolve) => setTimeout(() => run(resolve), 0));
}

/** A setTimeout that records the delays and does not wait. */
function runAtOnce(waits: number[]): typeof setTimeout {
  const fake = (callback: (...args: unknown[]) => void, ms: number, ...args: unknown[]) => {
    waits.push(ms);
    callback(...args);
    return waits.length;
  };
  return fake as unknown as typeof setTimeout;
}

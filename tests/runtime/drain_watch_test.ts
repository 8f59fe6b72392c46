import { assertEquals } from "@std/assert";
import { stub } from "@std/testing/mock";
import { setImmediate } from "node:timers";
import { DrainWatch } from "../../src/runtime/drain_watch.ts";
import { test } from "../harness.ts";

test("DrainWatch looks until the socket has drained, and no more", async () => {
  let looks = 0;
  new DrainWatch(() => ++looks === 3);
  for (let turn = 0; turn < 10; turn++) await nextTurn();
  assertEquals(looks, 3);
});

test("DrainWatch does not look in the turn in which it was made", () => {
  let looks = 0;
  const watch = new DrainWatch(() => ++looks > 0);
  assertEquals(looks, 0);
  watch.cancel();
});

test("DrainWatch that was cancelled looks no more", async () => {
  let looks = 0;
  const watch = new DrainWatch(() => ++looks < 0);
  await nextTurn();
  watch.cancel();
  const before = looks;
  for (let turn = 0; turn < 10; turn++) await nextTurn();
  assertEquals(looks, before);
});

test("DrainWatch looks in eight turns, then after pauses that double up to 32 ms, and after an eighth of the time at last", async () => {
  const pauses: number[] = [];
  const passed = (callback: () => void, ms: number) => {
    pauses.push(ms);
    setImmediate(callback);
    return 0;
  };
  using _timers = stub(globalThis, "setTimeout", passed as unknown as typeof setTimeout);
  let looks = 0;
  const looksBeforePause: number[] = [];
  await new Promise<void>((resolve) =>
    new DrainWatch(() => {
      if (pauses.length === 0) looksBeforePause.push(looks);
      if (++looks < 60) return false;
      resolve();
      return true;
    })
  );
  assertEquals(looksBeforePause.length, 8);
  assertEquals(pauses.slice(0, 12), [1, 2, 4, 8, 16, 32, 32, 32, 32, 32, 32, 32]);
  const waitedMs = (count: number) => pauses.slice(0, count).reduce((sum, ms) => sum + ms, 0);
  for (let at = 12; at < pauses.length; at++) {
    assertEquals(pauses[at], Math.max(32, Math.min(waitedMs(at) / 8, 256)), `pause ${at}`);
  }
  assertEquals(pauses.at(-1), 256);
});

function nextTurn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}

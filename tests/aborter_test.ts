import { assertEquals, assertStrictEquals, assertThrows } from "@std/assert";
import { Aborter } from "../src/aborter.ts";
import { test } from "./harness.ts";

const reason = new Error("over");

test("Aborter calls each listener once, with the reason set, and none that was removed", () => {
  const aborter = new Aborter();
  const heard: unknown[] = [];
  const first = () => heard.push(["first", aborter.aborted, aborter.reason]);
  const removed = () => heard.push("removed");
  const last = () => heard.push("last");
  for (const listener of [first, first, removed, last]) aborter.addEventListener("abort", listener);
  aborter.removeEventListener("abort", removed);
  assertEquals(heard, []);
  aborter.abort(reason);
  aborter.abort(new Error("again"));
  assertEquals(heard, [["first", true, reason], "last"]);
});

test("Aborter calls no listener that another one removes", () => {
  const aborter = new Aborter();
  let calls = 0;
  const second = () => calls++;
  aborter.addEventListener("abort", () => {
    calls++;
    aborter.removeEventListener("abort", second);
  });
  aborter.addEventListener("abort", second);
  aborter.abort(reason);
  assertEquals(calls, 1);
});

test("Aborter.throwIfAborted() throws the reason once it has aborted", () => {
  const aborter = new Aborter();
  aborter.throwIfAborted();
  assertEquals([aborter.aborted, aborter.reason], [false, undefined]);
  aborter.abort(reason);
  assertStrictEquals(assertThrows(() => aborter.throwIfAborted()), reason);
});

test("Aborter.toStandard() is an AbortSignal that aborts with it", () => {
  const aborter = new Aborter();
  const signal = aborter.toStandard();
  assertEquals([signal instanceof AbortSignal, signal.aborted], [true, false]);
  aborter.abort(reason);
  assertStrictEquals(signal.reason, reason);
});

import { assertEquals, assertStrictEquals, assertThrows } from "@std/assert";
import { stub } from "@std/testing/mock";
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
  assertStrictEquals(aborter.reason, reason);
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

test("Aborter reports what a listener throws, and calls the others", () => {
  using report = stub(globalThis, "reportError");
  const aborter = new Aborter();
  let calls = 0;
  const broken = new Error("broken");
  aborter.addEventListener("abort", () => {
    throw broken;
  });
  aborter.addEventListener("abort", () => calls++);
  aborter.abort(reason);
  assertEquals(calls, 1);
  assertEquals(report.calls.map(({ args }) => args[0]), [broken]);
});

test("Aborter.toStandard() is an AbortSignal that aborts with it, or has aborted if it has", () => {
  const aborter = new Aborter();
  const signal = aborter.toStandard();
  assertEquals([signal instanceof AbortSignal, signal.aborted], [true, false]);
  aborter.abort(reason);
  assertStrictEquals(signal.reason, reason);
  assertStrictEquals(aborter.toStandard().reason, reason);
});

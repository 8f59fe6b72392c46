import { assertEquals } from "@std/assert";
import { stub } from "@std/testing/mock";
import { PoolEvents } from "../src/events.ts";
import { test } from "./harness.ts";

class Events extends PoolEvents {
  readonly counted: unknown[] = [];

  open(id: string): void {
    this.emit("linkopen", { id, protocol: 2, peer: undefined });
  }

  protected countError(error: unknown): void {
    this.counted.push(error);
  }
}

test("PoolEvents counts and shows what a listener throws, and tells the others", () => {
  using shown = stub(console, "error");
  const events = new Events();
  const [first, second] = [new Error("of a function"), new Error("of an object")];
  const seen: string[] = [];
  events.addEventListener("linkopen", () => {
    throw first;
  });
  events.addEventListener("linkopen", {
    handleEvent() {
      throw second;
    },
  });
  events.addEventListener("linkopen", ({ detail }) => seen.push(detail.id));
  events.open("a1b2c3d4");
  assertEquals([seen, events.counted, shown.calls.map(({ args }) => args[0])], [
    ["a1b2c3d4"],
    [first, second],
    [first, second],
  ]);
});

test("PoolEvents counts and shows what an async listener rejects with", async () => {
  using shown = stub(console, "error");
  const events = new Events();
  const errors = [new Error("of a function"), new Error("of an object")];
  events.addEventListener("linkopen", () => Promise.reject(errors[0]));
  events.addEventListener("linkopen", { handleEvent: () => Promise.reject(errors[1]) });
  events.open("a1b2c3d4");
  await Promise.resolve();
  assertEquals([events.counted, shown.calls.map(({ args }) => args[0])], [errors, errors]);
});

test("PoolEvents tells a listener no more whose signal was aborted", () => {
  const events = new Events();
  const seen: string[] = [];
  const unsubscribed = new AbortController();
  events.addEventListener("linkopen", ({ detail }) => seen.push(detail.id), { signal: unsubscribed.signal });
  events.open("a");
  unsubscribed.abort();
  events.open("b");
  assertEquals(seen, ["a"]);
});

test("PoolEvents knows listeners again: one is told once, and not when it was removed", () => {
  const events = new Events();
  const seen: string[] = [];
  const byFunction = function (this: unknown, { detail }: { detail: { id: string } }) {
    seen.push(`${detail.id} ${this === events}`);
  };
  const byObject = { handleEvent: ({ detail }: { detail: { id: string } }) => seen.push(`${detail.id} object`) };
  for (const listener of [byFunction, byFunction, byObject, byObject]) events.addEventListener("linkopen", listener);
  events.open("a");
  for (const listener of [byFunction, byObject]) events.removeEventListener("linkopen", listener);
  events.open("b");
  events.addEventListener("linkopen", byFunction, { once: true });
  for (const id of ["c", "d"]) events.open(id);
  assertEquals(seen, ["a true", "a object", "c true"]);
});

test("PoolEvents takes null for no listener, as an EventTarget does", () => {
  const events = new Events();
  events.addEventListener("linkopen", null);
  events.removeEventListener("linkopen", null);
  events.open("a");
  assertEquals(events.counted, []);
});

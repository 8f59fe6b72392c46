import { assertEquals } from "@std/assert";
import { type Abortable, AbortWatch } from "../src/abort_watch.ts";
import { CountedSignal } from "./counted_signal.ts";
import { test } from "./harness.ts";

class Item implements Abortable {
  readonly reasons: unknown[] = [];
  onAborted = () => {};

  aborted(reason: unknown): void {
    this.reasons.push(reason);
    this.onAborted();
  }
}

test("AbortWatch tells everybody once that the signal has aborted, with one listener for all", () => {
  const counted = new CountedSignal();
  const items = [new Item(), new Item(), new Item()];
  const watches = items.map((item) => new AbortWatch(counted.signal, item));
  watches[1]!.end();
  assertEquals([counted.added, counted.removed], [1, 0]);
  counted.abort("enough");
  assertEquals(items.map(({ reasons }) => reasons), [["enough"], [], ["enough"]]);
  assertEquals([counted.added, counted.removed], [1, 1]);
  for (const watch of watches) watch.end();
  assertEquals([counted.added, counted.removed], [1, 1]);
});

test("AbortWatch removes the listener with the last one, and adds it again", () => {
  const counted = new CountedSignal();
  const [first, second] = [new Item(), new Item()];
  const watch = new AbortWatch(counted.signal, first);
  watch.end();
  watch.end();
  assertEquals([counted.added, counted.removed], [1, 1]);
  const other = new AbortWatch(counted.signal, second);
  watch.end();
  assertEquals([counted.added, counted.removed], [2, 1]);
  counted.abort("enough");
  assertEquals([first.reasons, second.reasons], [[], ["enough"]]);
  other.end();
  assertEquals([counted.added, counted.removed], [2, 2]);
});

test("AbortWatch does not tell those that another one has ended while it was told", () => {
  const counted = new CountedSignal();
  const [first, second] = [new Item(), new Item()];
  const watches = [first, second].map((item) => new AbortWatch(counted.signal, item));
  first.onAborted = () => watches[1]!.end();
  counted.abort("enough");
  assertEquals([first.reasons, second.reasons], [["enough"], []]);
});

test("AbortWatch keeps signals apart", () => {
  const [one, other] = [new CountedSignal(), new CountedSignal()];
  const item = new Item();
  const watch = new AbortWatch(one.signal, item);
  new AbortWatch(other.signal, item);
  other.abort("other");
  assertEquals(item.reasons, ["other"]);
  assertEquals([one.listeners, other.listeners], [1, 0]);
  watch.end();
});

import { assertEquals } from "@std/assert";
import { type Abortable, unwatchAbort, watchAbort } from "../src/abort_watch.ts";
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

test("watchAbort() tells everybody once that the signal has aborted, with one listener for all", () => {
  const counted = new CountedSignal();
  const { signal } = counted;
  const items = [new Item(), new Item(), new Item()];
  for (const item of items) watchAbort(signal, item);
  unwatchAbort(signal, items[1]!);
  assertEquals([counted.added, counted.removed], [1, 0]);
  counted.abort("enough");
  assertEquals(items.map(({ reasons }) => reasons), [["enough"], [], ["enough"]]);
  assertEquals([counted.added, counted.removed], [1, 1]);
  for (const item of items) unwatchAbort(signal, item);
});

test("unwatchAbort() removes the listener with the last one, and watchAbort() adds it again", () => {
  const counted = new CountedSignal();
  const { signal } = counted;
  const [first, second] = [new Item(), new Item()];
  watchAbort(signal, first);
  unwatchAbort(signal, second);
  assertEquals([counted.added, counted.removed], [1, 0]);
  unwatchAbort(signal, first);
  unwatchAbort(signal, first);
  assertEquals([counted.added, counted.removed], [1, 1]);
  watchAbort(signal, second);
  counted.abort("enough");
  assertEquals([counted.added, first.reasons, second.reasons], [2, [], ["enough"]]);
});

test("watchAbort() does not tell those that another one has unwatched while it was told", () => {
  const counted = new CountedSignal();
  const { signal } = counted;
  const [first, second] = [new Item(), new Item()];
  first.onAborted = () => unwatchAbort(signal, second);
  for (const item of [first, second]) watchAbort(signal, item);
  counted.abort("enough");
  assertEquals([first.reasons, second.reasons], [["enough"], []]);
});

test("watchAbort() keeps signals apart", () => {
  const [one, other] = [new CountedSignal(), new CountedSignal()];
  const item = new Item();
  watchAbort(one.signal, item);
  watchAbort(other.signal, item);
  other.abort("other");
  assertEquals(item.reasons, ["other"]);
  assertEquals([one.listeners, other.listeners], [1, 0]);
  unwatchAbort(one.signal, item);
});

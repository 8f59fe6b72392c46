import { assertEquals } from "@std/assert";
import { type Abortable, unwatchAbort, watchAbort } from "../src/abort_watch.ts";
import { test } from "./harness.ts";

class Item implements Abortable {
  readonly reasons: unknown[] = [];
  onAborted = () => {};

  aborted(reason: unknown): void {
    this.reasons.push(reason);
    this.onAborted();
  }
}

/** A signal that counts its listeners. */
function countedSignal() {
  const controller = new AbortController();
  const { signal } = controller;
  const count = { added: 0, removed: 0 };
  const { addEventListener, removeEventListener } = signal;
  signal.addEventListener = (...args: Parameters<typeof addEventListener>) => {
    count.added++;
    addEventListener.apply(signal, args);
  };
  signal.removeEventListener = (...args: Parameters<typeof removeEventListener>) => {
    count.removed++;
    removeEventListener.apply(signal, args);
  };
  return { controller, signal, count };
}

test("watchAbort() tells everybody once that the signal has aborted, with one listener for all", () => {
  const { controller, signal, count } = countedSignal();
  const items = [new Item(), new Item(), new Item()];
  for (const item of items) watchAbort(signal, item);
  unwatchAbort(signal, items[1]!);
  assertEquals(count, { added: 1, removed: 0 });
  controller.abort("enough");
  assertEquals(items.map(({ reasons }) => reasons), [["enough"], [], ["enough"]]);
  assertEquals(count, { added: 1, removed: 1 });
  for (const item of items) unwatchAbort(signal, item);
});

test("unwatchAbort() removes the listener with the last one, and watchAbort() adds it again", () => {
  const { controller, signal, count } = countedSignal();
  const [first, second] = [new Item(), new Item()];
  watchAbort(signal, first);
  unwatchAbort(signal, second);
  assertEquals(count, { added: 1, removed: 0 });
  unwatchAbort(signal, first);
  unwatchAbort(signal, first);
  assertEquals(count, { added: 1, removed: 1 });
  watchAbort(signal, second);
  controller.abort("enough");
  assertEquals([count.added, first.reasons, second.reasons], [2, [], ["enough"]]);
});

test("watchAbort() does not tell those that another one has unwatched while it was told", () => {
  const { controller, signal } = countedSignal();
  const [first, second] = [new Item(), new Item()];
  first.onAborted = () => unwatchAbort(signal, second);
  for (const item of [first, second]) watchAbort(signal, item);
  controller.abort("enough");
  assertEquals([first.reasons, second.reasons], [["enough"], []]);
});

test("watchAbort() keeps signals apart", () => {
  const [one, other] = [countedSignal(), countedSignal()];
  const item = new Item();
  watchAbort(one.signal, item);
  watchAbort(other.signal, item);
  other.controller.abort("other");
  assertEquals(item.reasons, ["other"]);
  assertEquals(one.count, { added: 1, removed: 0 });
  unwatchAbort(one.signal, item);
});

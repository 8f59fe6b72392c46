import { assert, assertEquals, assertFalse } from "@std/assert";
import { DeadlineQueue } from "../../src/time/deadline_queue.ts";
import { ManualClock } from "../fakes.ts";
import { test } from "../harness.ts";

/** A queue of names with a deadline of 100 ms each, and a log of which expired when. */
function setUp(expired = (_item: string, _queue: DeadlineQueue<string>) => {}) {
  const clock = new ManualClock();
  const log: string[] = [];
  const queue: DeadlineQueue<string> = new DeadlineQueue(clock, 100, (item) => {
    log.push(`${item} at ${clock.now()}`);
    expired(item, queue);
  });
  return { clock, queue, log };
}

test("DeadlineQueue tells each item when its time has passed, in the order of adding", async () => {
  const { clock, queue, log } = setUp();
  queue.add("a");
  await clock.advance(30);
  queue.add("b");
  queue.add("c");
  await clock.advance(69);
  assertEquals([log, queue.size], [[], 3]);
  await clock.advance(1);
  assertEquals([log, queue.size], [["a at 100"], 2]);
  await clock.advance(1_000);
  assertEquals([log, queue.size], [["a at 100", "b at 130", "c at 130"], 0]);
});

test("DeadlineQueue serves thousands with one timer, and has none when it is empty", async () => {
  const { clock, queue, log } = setUp();
  for (let i = 0; i < 3_000; i++) queue.add(`item ${i}`);
  assertEquals(clock.pending, 1);
  await clock.advance(100);
  assertEquals([log.length, clock.pending], [3_000, 0]);
});

test("DeadlineQueue.delete() takes an item out, wherever it stands", async () => {
  const { clock, queue, log } = setUp();
  for (const item of ["a", "b", "c"]) queue.add(item);
  assert(queue.delete("a"));
  assert(queue.delete("c"));
  assertFalse(queue.delete("c"));
  await clock.advance(1_000);
  assertEquals(log, ["b at 100"]);
});

test("DeadlineQueue is quiet when all were deleted, and runs again for the next", async () => {
  const { clock, queue, log } = setUp();
  queue.add("a");
  queue.delete("a");
  await clock.advance(100);
  assertEquals(clock.pending, 0);
  queue.add("b");
  await clock.advance(100);
  assertEquals(log, ["b at 200"]);
});

test("DeadlineQueue gives an item its whole time when the timer runs for one that was deleted", async () => {
  const { clock, queue, log } = setUp();
  queue.add("a");
  await clock.advance(60);
  queue.delete("a");
  queue.add("b");
  await clock.advance(99);
  assertEquals(log, []);
  await clock.advance(1);
  assertEquals(log, ["b at 160"]);
});

test("DeadlineQueue.add() starts an item's time anew", async () => {
  const { clock, queue, log } = setUp();
  queue.add("a");
  queue.add("b");
  await clock.advance(50);
  queue.add("a");
  assertEquals(queue.size, 2);
  await clock.advance(1_000);
  assertEquals(log, ["b at 100", "a at 150"]);
});

test("DeadlineQueue keeps what is added and deleted while it tells", async () => {
  const { clock, queue, log } = setUp((item, queue) => {
    if (item === "a") queue.delete("b");
    if (item === "a") queue.add("d");
  });
  for (const item of ["a", "b", "c"]) queue.add(item);
  await clock.advance(100);
  assertEquals([log, clock.pending], [["a at 100", "c at 100"], 1]);
  await clock.advance(1_000);
  assertEquals([log, clock.pending], [["a at 100", "c at 100", "d at 200"], 0]);
});

test("DeadlineQueue.clear() forgets all and stops the timer, also while it tells", async () => {
  const { clock, queue, log } = setUp((_item, queue) => queue.clear());
  for (const item of ["a", "b"]) queue.add(item);
  await clock.advance(100);
  assertEquals([log, queue.size, clock.pending], [["a at 100"], 0, 0]);
  queue.add("c");
  queue.clear();
  assertEquals([queue.size, clock.pending], [0, 0]);
});

test("DeadlineQueue.clear() leaves it fit for what is added later", async () => {
  const { clock, queue, log } = setUp((item, queue) => {
    if (item !== "a") return;
    queue.clear();
    queue.add("b");
  });
  queue.add("x");
  queue.clear();
  queue.add("a");
  await clock.advance(100);
  assertEquals([log, clock.pending], [["a at 100"], 1]);
  await clock.advance(100);
  assertEquals([log, clock.pending], [["a at 100", "b at 200"], 0]);
});

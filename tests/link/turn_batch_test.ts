import { assertEquals } from "@std/assert";
import { spy } from "@std/testing/mock";
import { TurnBatch } from "../../src/link/turn_batch.ts";
import { ManualClock } from "../fakes.ts";
import { test } from "../harness.ts";

/** A batch, and tasks that record when they run. */
function setUp() {
  const clock = new ManualClock();
  const batch = new TurnBatch(clock);
  const ran: string[] = [];
  const task = (name: string, then = () => {}) => ({
    turnEnded() {
      ran.push(name);
      then();
    },
  });
  return { clock, batch, ran, task };
}

test("TurnBatch tells all tasks of a turn at its end, in their order, with one callback", async () => {
  const { clock, batch, ran, task } = setUp();
  for (const name of ["a", "b", "c"]) batch.add(task(name));
  assertEquals([ran, clock.pending], [[], 1]);
  await clock.advance(0);
  assertEquals([ran, clock.pending], [["a", "b", "c"], 0]);
});

test("TurnBatch tells what is added at a turn's end at the end of the next", async () => {
  const { clock, batch, ran, task } = setUp();
  const late = task("late");
  const again = task("again", () => ran.length < 6 && batch.add(again));
  batch.add(again);
  batch.add(task("first", () => batch.add(late)));
  await clock.advance(0);
  assertEquals(ran, ["again", "first", "again", "late", "again", "again"]);
  assertEquals(clock.pending, 0);
});

test("TurnBatch flushes what its tasks filled when all of them have run, with no other callback", async () => {
  const { clock, batch, ran, task } = setUp();
  using endOfTurn = spy(clock, "endOfTurn");
  const full = { flush: () => void ran.push("flushed") };
  batch.add(task("a", () => batch.flushLater(full)));
  batch.add(task("b"));
  await clock.advance(0);
  assertEquals(ran, ["a", "b", "flushed"]);
  assertEquals(endOfTurn.calls.length, 1);
});

test("TurnBatch flushes at the turn's end where there are no tasks", async () => {
  const { clock, batch, ran } = setUp();
  batch.flushLater({ flush: () => void ran.push("flushed") });
  assertEquals(ran, []);
  await clock.advance(0);
  assertEquals(ran, ["flushed"]);
});

test("TurnBatch flushes everything that was filled in the turn", async () => {
  const { clock, batch, ran } = setUp();
  for (const name of ["a", "b", "c"]) batch.flushLater({ flush: () => void ran.push(name) });
  await clock.advance(0);
  assertEquals(ran, ["a", "b", "c"]);
});

test("TurnBatch flushes what is filled while it flushes at the end of the next turn", async () => {
  const { clock, batch, ran } = setUp();
  const second = { flush: () => void ran.push("second") };
  batch.flushLater({
    flush() {
      ran.push("first");
      batch.flushLater(second);
    },
  });
  await clock.advance(0);
  assertEquals(ran, ["first", "second"]);
});

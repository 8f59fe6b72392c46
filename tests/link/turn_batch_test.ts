import { assertEquals } from "@std/assert";
import { spy } from "@std/testing/mock";
import { TurnBatch } from "../../src/link/turn_batch.ts";
import { ManualClock } from "../fakes.ts";
import { test } from "../harness.ts";

/** A batch, and tasks that say when they ran. */
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

test("TurnBatch uncorks what its tasks corked when all of them have run, with no other callback", async () => {
  const { clock, batch, ran, task } = setUp();
  using endOfTurn = spy(clock, "endOfTurn");
  const corked = { uncork: () => void ran.push("uncorked") };
  batch.add(task("a", () => batch.uncorkLater(corked)));
  batch.add(task("b"));
  await clock.advance(0);
  assertEquals(ran, ["a", "b", "uncorked"]);
  assertEquals(endOfTurn.calls.length, 1);
});

test("TurnBatch uncorks at the turn's end where there are no tasks", async () => {
  const { clock, batch, ran } = setUp();
  batch.uncorkLater({ uncork: () => void ran.push("uncorked") });
  assertEquals(ran, []);
  await clock.advance(0);
  assertEquals(ran, ["uncorked"]);
});

test("TurnBatch uncorks what is corked while it uncorks at the end of the next turn", async () => {
  const { clock, batch, ran } = setUp();
  const second = { uncork: () => void ran.push("second") };
  batch.uncorkLater({
    uncork() {
      ran.push("first");
      batch.uncorkLater(second);
    },
  });
  await clock.advance(0);
  assertEquals(ran, ["first", "second"]);
});

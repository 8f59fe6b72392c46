import { assertEquals } from "@std/assert";
import { Deadlines } from "../../src/time/deadlines.ts";
import { ManualClock } from "../fakes.ts";
import { test } from "../harness.ts";

/** Deadlines of names, and a log of which expired when. */
function setUp(expired = (_item: string, _deadlines: Deadlines<string>) => {}) {
  const clock = new ManualClock();
  const log: string[] = [];
  const deadlines: Deadlines<string> = new Deadlines(clock, (item) => {
    log.push(`${item} at ${clock.now()}`);
    expired(item, deadlines);
  });
  return { clock, deadlines, log };
}

test("Deadlines has one timer for all that are equally long, and tells each in its time", async () => {
  const { clock, deadlines, log } = setUp();
  deadlines.add("a", 100);
  await clock.advance(10);
  deadlines.add("b", 100);
  deadlines.add("c", 20);
  assertEquals([clock.pending, deadlines.lengths], [2, 2]);
  await clock.advance(1_000);
  assertEquals(log, ["c at 30", "a at 100", "b at 110"]);
});

test("Deadlines keeps only the latest timer when all are gone, forgotten or expired, and lets it run out", async () => {
  const { clock, deadlines, log } = setUp();
  deadlines.add("forgotten", 100);
  deadlines.add("expired", 50);
  deadlines.delete("forgotten", 100);
  assertEquals([clock.pending, clock.holding, deadlines.lengths], [2, 1, 2]);
  await clock.advance(50);
  assertEquals([clock.pending, deadlines.lengths, log], [0, 1, ["expired at 50"]]);
  deadlines.delete("expired", 50);
  deadlines.delete("stranger", 100);
  assertEquals(deadlines.lengths, 1);
});

test("Deadlines goes on with the timer that it keeps, and gives the next one its whole time", async () => {
  const { clock, deadlines, log } = setUp();
  deadlines.add("first", 100);
  await clock.advance(60);
  deadlines.delete("first", 100);
  assertEquals([clock.pending, clock.holding], [1, 0]);
  await clock.advance(30);
  deadlines.add("second", 100);
  assertEquals([clock.pending, clock.holding], [1, 1]);
  await clock.advance(1_000);
  assertEquals([log, clock.pending], [["second at 190"], 0]);
  deadlines.add("third", 100);
  assertEquals(clock.holding, 1);
  await clock.advance(100);
  assertEquals(log, ["second at 190", "third at 1190"]);
});

test("Deadlines keeps a timer that is in use again when another one becomes empty", async () => {
  const { clock, deadlines, log } = setUp();
  deadlines.add("gone", 100);
  deadlines.delete("gone", 100);
  deadlines.add("long", 100);
  deadlines.add("short", 20);
  deadlines.delete("short", 20);
  assertEquals([clock.pending, deadlines.lengths], [2, 2]);
  await clock.advance(100);
  assertEquals(log, ["long at 100"]);
});

test("Deadlines.end() keeps timers only for those that are still here", async () => {
  const { clock, deadlines, log } = setUp();
  for (const item of ["a", "b"]) deadlines.add(item, 100);
  deadlines.add("c", 200);
  deadlines.add("gone", 300);
  deadlines.delete("gone", 300);
  assertEquals(clock.pending, 3);
  deadlines.end();
  assertEquals([clock.pending, deadlines.lengths], [2, 2]);
  deadlines.delete("c", 200);
  assertEquals([clock.pending, deadlines.lengths], [1, 1]);
  await clock.advance(100);
  assertEquals([log, clock.pending, deadlines.lengths], [["a at 100", "b at 100"], 0, 0]);
});

test("Deadlines has no timer for what never passes", () => {
  const { clock, deadlines } = setUp();
  deadlines.add("patient", Infinity);
  assertEquals([clock.pending, deadlines.lengths], [0, 0]);
  deadlines.delete("patient", Infinity);
});

test("Deadlines gives what is added when another one expires its whole time", async () => {
  const { clock, deadlines, log } = setUp((item, deadlines) => item === "first" && deadlines.add("second", 100));
  deadlines.add("first", 100);
  await clock.advance(199);
  assertEquals([log, clock.pending], [["first at 100"], 1]);
  await clock.advance(1);
  assertEquals([log, clock.pending], [["first at 100", "second at 200"], 0]);
});

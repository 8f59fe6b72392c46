import { assert, assertEquals, assertFalse } from "@std/assert";
import { RoundTrip } from "../../src/link/round_trip.ts";
import { test } from "../harness.ts";

test("RoundTrip knows nothing before the first answer", () => {
  const roundTrip = new RoundTrip();
  assertEquals(roundTrip.shortestMs, 0);
  assert(roundTrip.isDue(0));
});

test("RoundTrip.start() numbers the pings, one at a time", () => {
  const roundTrip = new RoundTrip();
  assertEquals(roundTrip.start(0), 1);
  assertEquals(roundTrip.start(500), undefined);
  assertFalse(roundTrip.isDue(5_000));
  roundTrip.answered(1, 5_100);
  assertEquals(roundTrip.start(5_200), 2);
});

test("RoundTrip.answered() measures from the ping to its pong", () => {
  const roundTrip = new RoundTrip();
  roundTrip.start(100);
  roundTrip.answered(1, 142);
  assertEquals(roundTrip.shortestMs, 42);
});

test("RoundTrip.shortestMs is the shortest of all, for longer ones have waited behind data", () => {
  const roundTrip = new RoundTrip();
  // [milliseconds, shortest so far]
  for (const [at, [ms, shortest]] of [[80, 80], [30, 30], [200, 30], [0, 0], [10, 0]].entries()) {
    const number = roundTrip.start(at * 10_000)!;
    roundTrip.answered(number, at * 10_000 + ms);
    assertEquals(roundTrip.shortestMs, shortest, `${ms} ms`);
  }
});

test("RoundTrip.answered() ignores a pong that answers nothing", () => {
  const roundTrip = new RoundTrip();
  roundTrip.answered(0, 5);
  roundTrip.answered(1, 5);
  assert(roundTrip.isDue(5));
  roundTrip.start(10);
  roundTrip.answered(2, 20);
  assertEquals(roundTrip.start(30), undefined, "the first ping is still under way");
  roundTrip.answered(1, 50);
  roundTrip.answered(1, 51);
  assertEquals(roundTrip.shortestMs, 40);
});

test("RoundTrip.isDue() asks for a new measurement after a second", () => {
  const roundTrip = new RoundTrip();
  roundTrip.start(0);
  roundTrip.answered(1, 100);
  assertFalse(roundTrip.isDue(1_099));
  assert(roundTrip.isDue(1_100));
});

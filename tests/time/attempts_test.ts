import { assertEquals, assertRejects, assertStrictEquals } from "@std/assert";
import { PoolError } from "../../src/errors.ts";
import { Attempts } from "../../src/time/attempts.ts";
import { ManualClock } from "../fakes.ts";
import { test } from "../harness.ts";

/** Work that ends when the test says so, or with its signal's reason. */
function startWork(attempts: Attempts, timeoutMs = 100) {
  const { promise, resolve, reject } = Promise.withResolvers<string>();
  let signal!: AbortSignal;
  const result = attempts.run(timeoutMs, "too late", (given) => {
    signal = given;
    return promise;
  });
  result.catch(() => {});
  return { result, resolve, reject, signal, obey: () => reject(signal.reason) };
}

function setUp() {
  const clock = new ManualClock();
  return { clock, attempts: new Attempts(clock) };
}

test("Attempts.run() hands on the result and leaves no timer behind", async () => {
  const { clock, attempts } = setUp();
  const work = startWork(attempts);
  assertEquals([attempts.size, clock.pending], [1, 1]);
  work.resolve("done");
  assertEquals(await work.result, "done");
  assertEquals([attempts.size, clock.pending, work.signal.aborted], [0, 0, false]);
});

test("Attempts.run() hands on the failure of the work", async () => {
  const { clock, attempts } = setUp();
  const work = startWork(attempts);
  work.reject(new Error("broken"));
  await assertRejects(() => work.result, Error, "broken");
  assertEquals([attempts.size, clock.pending], [0, 0]);
});

test("Attempts.run() aborts the work at its deadline, and waits until it has ended", async () => {
  const { clock, attempts } = setUp();
  const work = startWork(attempts);
  await clock.advance(99);
  assertEquals(work.signal.aborted, false);
  await clock.advance(1);
  assertEquals([work.signal.aborted, attempts.size], [true, 1]);
  work.obey();
  await assertRejects(() => work.result, PoolError, "too late");
  assertEquals(attempts.size, 0);
});

test("Attempts.run() gives each its own deadline", async () => {
  const { clock, attempts } = setUp();
  const [short, long] = [startWork(attempts, 10), startWork(attempts, 20)];
  await clock.advance(10);
  assertEquals([short.signal.aborted, long.signal.aborted], [true, false]);
  await clock.advance(10);
  assertEquals(long.signal.aborted, true);
  short.obey();
  long.obey();
  await attempts.end(new Error("over"));
});

test("Attempts.end() aborts all with its error and resolves when the last one has ended", async () => {
  const { clock, attempts } = setUp();
  const works = [startWork(attempts), startWork(attempts)];
  const closed = new Error("the pool is closed");
  let hasEnded = false;
  const end = attempts.end(closed).then(() => hasEnded = true);
  for (const { signal } of works) assertStrictEquals(signal.reason, closed);
  works[0].obey();
  await clock.advance(0);
  assertEquals(hasEnded, false);
  works[1].resolve("in spite of it");
  await end;
  assertStrictEquals(await assertRejects(() => works[0].result), closed);
  assertEquals([await works[1].result, clock.pending], ["in spite of it", 0]);
});

test("Attempts.end() resolves at once when nothing is under way, and again when it is called again", async () => {
  const { attempts } = setUp();
  const closed = new Error("the pool is closed");
  await attempts.end(closed);
  const work = startWork(attempts);
  const ends = [attempts.end(closed), attempts.end(closed)];
  work.obey();
  await Promise.all(ends);
});

import { assert, assertEquals } from "@std/assert";
import { Refill } from "../../src/pool/refill.ts";
import { ManualClock } from "../fakes.ts";
import { test } from "../harness.ts";

/** A pool whose dials the test settles, and what its refill reports. */
class FakeHost {
  readonly clock = new ManualClock();
  readonly random = () => 0.5;
  readonly dialConcurrency: number;
  readonly maxBackoffMs = 5_000;
  /** How many links the pool lacks, not counting those that are being dialed. */
  lacking = 0;
  awaited = false;
  readonly dials: PromiseWithResolvers<void>[] = [];
  readonly told: unknown[] = [];
  readonly refill: Refill;

  constructor(dialConcurrency = 16) {
    this.dialConcurrency = dialConcurrency;
    this.refill = new Refill(this);
  }

  missing(): number {
    return this.lacking;
  }

  isAwaited(): boolean {
    return this.awaited;
  }

  dial(): Promise<void> {
    this.lacking--;
    const dial = Promise.withResolvers<void>();
    this.dials.push(dial);
    return dial.promise;
  }

  cycleEnded(started: number, succeeded: number): void {
    this.told.push(`${succeeded} of ${started}`);
  }

  dialFailed(error: unknown, attempt: number, retryInMs: number): void {
    this.lacking++;
    this.told.push(`${(error as Error).message}, attempt ${attempt}, again in ${retryInMs}`);
  }

  recovered(): void {
    this.told.push("recovered");
    this.refill.startCycle();
  }

  /** Makes the pool lack this many more links. */
  lack(count: number): void {
    this.lacking += count;
    this.refill.startCycle();
  }

  async succeed(...indexes: number[]): Promise<void> {
    for (const index of indexes) this.dials[index].resolve();
    await this.clock.advance(0);
  }

  async fail(...indexes: number[]): Promise<void> {
    for (const index of indexes) this.dials[index].reject(new Error("refused"));
    await this.clock.advance(0);
  }
}

test("Refill.startCycle() dials what is missing, and tells the outcome when all of it is settled", async () => {
  const host = new FakeHost();
  host.lack(3);
  assertEquals(host.dials.length, 3);
  await host.succeed(0, 2);
  assertEquals(host.told, []);
  await host.succeed(1);
  assertEquals(host.told, ["3 of 3"]);
  host.refill.startCycle();
  assertEquals([host.dials.length, host.clock.pending], [3, 0]);
});

test("Refill keeps apart the outcomes of cycles that overlap", async () => {
  const host = new FakeHost();
  host.lack(2);
  host.lack(1);
  await host.succeed(0, 2);
  assertEquals(host.told, ["1 of 1"]);
  await host.succeed(1);
  assertEquals(host.told, ["1 of 1", "2 of 2"]);
});

test("Refill dials dialConcurrency at a time, and never twice for the same link", async () => {
  const host = new FakeHost(2);
  host.lack(5);
  host.refill.startCycle();
  host.refill.startCycle();
  assertEquals(host.dials.length, 2);
  await host.succeed(0);
  assertEquals(host.dials.length, 3);
  await host.succeed(1, 2);
  assertEquals(host.dials.length, 5);
  await host.succeed(3, 4);
  assertEquals([host.dials.length, host.told], [5, ["5 of 5"]]);
});

test("Refill gives up what a cycle has still to dial when nothing is missing any more", async () => {
  const host = new FakeHost(2);
  host.lack(5);
  host.lacking = 0;
  await host.succeed(0, 1);
  assertEquals([host.dials.length, host.told], [2, ["2 of 2"]]);
});

test("Refill makes one probe at a time while dials fail, and a full refill when one succeeds", async () => {
  const host = new FakeHost(4);
  host.lack(6);
  await host.fail(0, 1, 2, 3);
  assertEquals(host.told, [...Array(4).fill("refused, attempt 1, again in 75"), "0 of 4"]);
  host.refill.startCycle();
  await host.clock.advance(74);
  assertEquals(host.dials.length, 4);
  await host.clock.advance(1);
  assertEquals(host.dials.length, 5);
  await host.clock.advance(60_000);
  host.refill.startCycle();
  assertEquals(host.dials.length, 5, "the probe is not settled");
  await host.fail(4);
  await host.clock.advance(75);
  host.told.length = 0;
  await host.succeed(5);
  assertEquals([host.dials.length, host.told], [10, ["recovered", "1 of 1"]]);
});

test("Refill ends a pause for no dial that was begun before", async () => {
  const host = new FakeHost();
  host.lack(3);
  await host.fail(0);
  await host.succeed(1);
  assertEquals([host.refill.isFailing, host.dials.length], [true, 3]);
  await host.clock.advance(75);
  await host.succeed(2);
  assertEquals([host.refill.isFailing, host.dials.length], [true, 4]);
  await host.succeed(3);
  assertEquals(host.refill.isFailing, false);
});

test("Refill counts failures in a row for its pauses, and forgets them after a quiet time", async () => {
  const host = new FakeHost();
  host.lack(1);
  for (const [index, retryInMs] of [75, 125, 225, 425, 825, 1_625, 2_525, 2_525].entries()) {
    await host.fail(index);
    assertEquals(host.told.at(-2), `refused, attempt ${index + 1}, again in ${retryInMs}`);
    await host.clock.advance(retryInMs);
  }
  await host.succeed(8);
  await host.clock.advance(2 * 5_000 - 2_525);
  host.lack(1);
  await host.fail(9);
  assertEquals(host.told.at(-2), "refused, attempt 9, again in 2525");
  await host.clock.advance(2_525);
  await host.succeed(10);
  await host.clock.advance(2 * 5_000 + 1);
  host.lack(1);
  await host.fail(11);
  assertEquals(host.told.at(-2), "refused, attempt 1, again in 75");
  host.refill.stop();
});

test("Refill.hurry() cuts a pause to a second, and leaves a shorter one alone", async () => {
  const host = new FakeHost();
  host.lack(1);
  for (let index = 0; index < 8; index++) {
    await host.fail(index);
    if (index < 7) await host.clock.advance(2_525);
  }
  host.refill.hurry();
  host.refill.hurry();
  await host.clock.advance(999);
  assertEquals(host.dials.length, 8);
  host.refill.hurry();
  await host.clock.advance(1);
  assertEquals(host.dials.length, 9);
  host.refill.hurry();
  host.awaited = true;
  await host.fail(8);
  assertEquals(host.told.at(-2), "refused, attempt 9, again in 1000");
  host.refill.stop();
});

test("Refill.failed() starts a pause as a dial does, and once for many", async () => {
  const host = new FakeHost();
  host.refill.failed(new Error("lost"));
  host.refill.failed(new Error("lost"));
  assertEquals(host.told, Array(2).fill("lost, attempt 1, again in 75"));
  await host.clock.advance(75);
  assertEquals(host.dials.length, 1);
  host.refill.stop();
});

test("Refill makes a probe when there is a place for it among the dials under way", async () => {
  const host = new FakeHost(2);
  host.lack(3);
  host.refill.failed(new Error("lost"));
  await host.clock.advance(60_000);
  host.refill.startCycle();
  assertEquals([host.dials.length, host.refill.isFailing], [2, true]);
  await host.succeed(1);
  assertEquals(host.dials.length, 3);
  await host.succeed(2);
  assertEquals([host.dials.length, host.refill.isFailing], [4, false]);
});

test("Refill makes no probe when nothing is missing after the pause, and does not fail any more", async () => {
  const host = new FakeHost();
  host.lack(1);
  await host.fail(0);
  host.lacking = 0;
  await host.clock.advance(75);
  assertEquals([host.dials.length, host.refill.isFailing, host.clock.pending], [1, false, 0]);
  host.lack(2);
  assertEquals(host.dials.length, 3);
});

test("Refill.stop() dials nothing more, tells nothing more and leaves no timer", async () => {
  const host = new FakeHost(2);
  host.lack(4);
  await host.fail(0);
  host.told.length = 0;
  host.refill.stop();
  await host.fail(1);
  host.lack(3);
  host.refill.hurry();
  host.refill.failed(new Error("lost"));
  await host.clock.advance(60_000);
  assertEquals([host.dials.length, host.told, host.clock.pending], [2, [], 0]);
});

test("Refill.stop() forgets a probe that waits for its place", async () => {
  const host = new FakeHost(1);
  host.lack(2);
  host.refill.failed(new Error("lost"));
  await host.clock.advance(75);
  host.refill.stop();
  await host.succeed(0);
  assertEquals([host.dials.length, host.clock.pending], [1, 0]);
});

test("Refill.failed() lengthens nothing and counts no probe, while one is due or being dialed", async () => {
  const host = new FakeHost(2);
  const lost = () => host.refill.failed(new Error("lost"));
  host.lack(3);
  lost();
  await host.clock.advance(75);
  lost(); // the probe is due
  await host.fail(0); // makes room for the probe
  lost(); // the probe is being dialed
  await host.fail(1);
  const now = "attempt 1, again in 0";
  assertEquals(host.told.filter((what) => what !== "0 of 2"), [
    "lost, attempt 1, again in 75",
    ...[`lost, ${now}`, `refused, ${now}`, `lost, ${now}`, `refused, ${now}`],
  ]);
  assertEquals([host.dials.length, host.clock.pending], [3, 0]);
  await host.succeed(2);
  assert(host.told.includes("recovered"));
});

test("Refill.failed() tells of no negative pause when the timer is late", () => {
  const host = new FakeHost();
  host.refill.failed(new Error("lost"));
  const late = host.clock.now() + 100;
  host.clock.now = () => late;
  host.refill.failed(new Error("lost"));
  assertEquals(host.told.at(-1), "lost, attempt 1, again in 0");
  host.refill.stop();
});

test("Refill makes no short pause longer for a call that waits", async () => {
  const host = new FakeHost();
  host.awaited = true;
  host.lack(1);
  await host.fail(0);
  assertEquals(host.told[0], "refused, attempt 1, again in 75");
  host.refill.stop();
});

test("Refill keeps a probe due while all dials are under way, even if nothing is missing then", async () => {
  const host = new FakeHost(1);
  host.lack(1);
  host.refill.failed(new Error("lost"));
  await host.clock.advance(1_000);
  assert(host.refill.isFailing);
  host.lack(2);
  await host.succeed(0);
  assertEquals([host.dials.length, host.refill.isFailing], [2, true]);
  host.refill.stop();
});

test("Refill.stop() drops what a cycle has still to dial", async () => {
  const host = new FakeHost(1);
  host.lack(2);
  host.refill.stop();
  await host.succeed(0);
  assertEquals([host.dials.length, host.told], [1, []]);
});

test("Refill.stop() ends the interest in a probe", async () => {
  const host = new FakeHost();
  host.lack(1);
  await host.fail(0);
  await host.clock.advance(75);
  host.told.length = 0;
  host.refill.stop();
  assert(!host.refill.isFailing);
  await host.succeed(1);
  assertEquals(host.told, []);
});

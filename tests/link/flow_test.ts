import { assert, assertEquals, assertFalse } from "@std/assert";
import { ReceiveWindow, SendCredit } from "../../src/link/flow.ts";
import type { Clock } from "../../src/time/clock.ts";
import { test } from "../harness.ts";

test("SendCredit begins with the peer's window and is spent", () => {
  const credit = new SendCredit(1_000);
  assertEquals(credit.available, 1_000);
  credit.spend(400);
  assertEquals(credit.available, 600);
  credit.spend(600);
  assertEquals(credit.available, 0);
});

test("SendCredit.raise() takes the total since the link began, and never lowers it", () => {
  const credit = new SendCredit(1_000);
  credit.spend(1_000);
  // [granted in total, available]
  for (const [limit, available] of [[0, 0], [999, 0], [1_000, 0], [1_500, 500], [1_200, 500], [1_500, 500]]) {
    credit.raise(limit);
    assertEquals(credit.available, available, `credit ${limit}`);
  }
  credit.raise(Number.MAX_SAFE_INTEGER);
  assertEquals(credit.available, Number.MAX_SAFE_INTEGER - 1_000);
});

test("ReceiveWindow.receive() counts up to what was granted, and no byte more", () => {
  const window = new ReceiveWindow(1_000, 1_000);
  assert(window.receive(999));
  assert(window.receive(1));
  assertFalse(window.receive(1));
});

test("ReceiveWindow.receive() counts what was granted on top", () => {
  const window = new ReceiveWindow(1_000, 1_000);
  window.receive(1_000);
  assertEquals(window.consume(700, at(0), 0), 1_700);
  assert(window.receive(700));
  assertFalse(window.receive(1));
});

test("ReceiveWindow.consume() grants when half a window was consumed since the last grant", () => {
  const window = new ReceiveWindow(1_000, 1_000);
  // [consumed, granted in total]
  const steps: [number, number | undefined][] = [
    [0, undefined],
    [499, undefined],
    [1, 1_500],
    [499, undefined],
    [0, undefined],
    [1, 2_000],
    [1_000, 3_000],
    [499, undefined],
    [300, 3_799],
  ];
  for (const [bytes, granted] of steps) {
    window.receive(bytes);
    assertEquals(window.consume(bytes, at(0), 0), granted, `${bytes} consumed`);
  }
});

test("ReceiveWindow.consume() grants half of an odd window when it is full", () => {
  const window = new ReceiveWindow(1_025, 1_025);
  assertEquals(window.consume(512, at(0), 0), undefined);
  assertEquals(window.consume(1, at(0), 0), 1_538);
});

test("ReceiveWindow.consume() grants when 1 MiB of a long window was consumed", () => {
  const mib = 1_048_576;
  const window = new ReceiveWindow(16 * mib, 16 * mib);
  assertEquals(window.consume(mib - 1, at(0), 0), undefined);
  assertEquals(window.consume(1, at(0), 0), 17 * mib);
  assertEquals(window.consume(mib - 1, at(0), 0), undefined);
  assertEquals(window.consume(2, at(0), 0), 18 * mib + 1);
});

test("ReceiveWindow grants at once what a long window grows by, and after a shrink when less than half of a short one is left", () => {
  const mib = 1_048_576;
  const window = new ReceiveWindow(2 * mib, 8 * mib);
  window.consume(0, at(0), 100);
  assertEquals(window.consume(2 * mib, at(1), 100), 6 * mib, "2 MiB consumed, and a window of 4");
  window.shrink();
  assertEquals(
    window.consume(3 * mib - 1, at(2_000), 100),
    undefined,
    "more was granted than 1 MiB less than a window",
  );
  assertEquals(window.consume(1, at(2_000), 100), 7 * mib);
});

/** A clock that stands still at `ms`. */
function at(ms: number): Pick<Clock, "now"> {
  return { now: () => ms };
}

/** Consumes a whole window in two halves, the second one `takesMs` after the first, and returns the window size afterwards. */
function consumeWhole(window: ReceiveWindow, from: number, takesMs: number, roundTripMs: number): number {
  const half = window.windowBytes / 2;
  window.consume(half, at(from), roundTripMs);
  window.consume(half, at(from + takesMs), roundTripMs);
  return window.windowBytes;
}

test("ReceiveWindow grows twofold when a whole window was consumed within two round trips", () => {
  // [milliseconds, round trip, window afterwards]
  const cases: [number, number, number][] = [
    [0, 100, 2_000],
    [199, 100, 2_000],
    [200, 100, 2_000], // exactly two
    [201, 100, 1_000],
    [1e9, Infinity, 2_000],
    [1, 0, 1_000], // the round trip is not known yet
  ];
  for (const [takesMs, roundTripMs, after] of cases) {
    const window = new ReceiveWindow(1_000, 8_000);
    window.consume(0, at(0), roundTripMs);
    assertEquals(consumeWhole(window, 0, takesMs, roundTripMs), after, `${takesMs} ms, round trip ${roundTripMs} ms`);
  }
});

test("ReceiveWindow does not grow by less than a whole window", () => {
  const window = new ReceiveWindow(1_000, 8_000);
  window.consume(0, at(0), 100);
  window.consume(999, at(1), 100);
  assertEquals(window.windowBytes, 1_000);
  window.consume(1, at(2), 100);
  assertEquals(window.windowBytes, 2_000);
});

test("ReceiveWindow looks at each window anew: a slow one does not spoil the next", () => {
  const window = new ReceiveWindow(1_000, 8_000);
  window.consume(0, at(0), 100);
  assertEquals(consumeWhole(window, 0, 5_000, 100), 1_000);
  assertEquals(consumeWhole(window, 5_000, 150, 100), 2_000);
});

test("ReceiveWindow grows to its maximum and not beyond, where it grants what it grew by", () => {
  const window = new ReceiveWindow(1_000, 3_000);
  assert(window.canGrow);
  window.consume(0, at(0), 100);
  assertEquals(window.consume(1_000, at(1), 100), 3_000, "1,000 consumed, and a window of 2,000");
  assertEquals(window.consume(2_000, at(2), 100), 6_000, "3,000 consumed, and the largest window");
  assertFalse(window.canGrow);
  assertEquals(consumeWhole(window, 3, 1, 100), 3_000);
});

test("ReceiveWindow does not grow where the maximum is the beginning", () => {
  const window = new ReceiveWindow(1_000, 1_000);
  assertFalse(window.canGrow);
  assertEquals(consumeWhole(window, 0, 0, Infinity), 1_000);
});

test("ReceiveWindow.shrink() goes back to the hello's window, and takes back nothing that was granted", () => {
  const window = new ReceiveWindow(1_000, 4_000);
  window.consume(0, at(0), 100);
  window.receive(1_000);
  assertEquals(window.consume(1_000, at(1), 100), 3_000);
  window.shrink();
  assertEquals([window.windowBytes, window.canGrow], [1_000, true]);
  assert(window.receive(2_000), "what was granted may still come");
  assertEquals(
    window.consume(1_499, at(2_000), 100),
    undefined,
    "more was granted than a window beyond what is consumed",
  );
  assertEquals(window.consume(1, at(2_001), 100), 3_500);
});

test("ReceiveWindow.shrink() begins to look at growth anew", () => {
  const window = new ReceiveWindow(1_000, 4_000);
  window.consume(0, at(0), 100);
  window.consume(999, at(1), 100);
  window.shrink();
  window.consume(1, at(2), 100);
  assertEquals(window.windowBytes, 1_000, "the bytes of the stream before do not count");
});

test("ReceiveWindow.consume() asks for the time only at a window's end, and not where the window cannot grow", () => {
  let asked = 0;
  const clock = { now: () => asked++ };
  const growing = new ReceiveWindow(1_000, 2_000);
  for (const bytes of [0, 500, 499]) growing.consume(bytes, clock, 100);
  assertEquals(asked, 1, "at its beginning");
  growing.consume(1, clock, 100);
  assertEquals(asked, 2, "at its end");
  assertFalse(growing.canGrow);
  growing.consume(2_000, clock, 100);
  assertEquals(asked, 2);
});

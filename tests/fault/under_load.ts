import { assert, assertEquals } from "@std/assert";
import type { LoadPlan, LoadReport } from "./load.ts";
import { FULL_AGAIN_MS, NOTICED_MS, type PoolSide, type ProcessPair, sides } from "./process_pair.ts";
import type { TransferPlan } from "./transfer.ts";
import { problemsOf } from "./verdict.ts";
import { within } from "./within.ts";

/** How much a busy machine may let a call overrun its deadline, in milliseconds. */
const OVERRUN_MS = 1_000;

/** Enough latency, and little enough bandwidth, that many bytes are in flight when something happens. */
export const longWay = { delayMs: 10, bytesPerSecond: 2_000_000 };

const callers = { callers: 4, timeoutMs: 2_000, longestBytes: 50_000 };

/** Numbers the loads, so that a restarted process does not reuse the names of an earlier one. */
let loads = 0;

/** Opens endless streams from this side. Resolves when they are flowing. */
export async function startEndless(pair: ProcessPair, side: PoolSide): Promise<void> {
  const plans = ["first", "second"].map((which): TransferPlan => {
    return { name: `${which} of load ${loads++}`, opener: null, acceptor: null };
  });
  await pair[side].call("openTransfers", plans);
  await pair[side].call("untilReceived", 100_000);
}

/** Starts callers on this side. Resolves when all of them have been served. */
export async function startCallers(pair: ProcessPair, side: PoolSide, plan: Partial<LoadPlan> = {}): Promise<void> {
  await pair[side].call("startLoad", { name: `load ${loads++}`, ...callers, ...plan });
  await pair[side].call("everybodyServed");
}

/** Starts endless streams and callers on both sides. */
export async function startTraffic(pair: ProcessPair): Promise<void> {
  for (const side of sides) await startEndless(pair, side);
  for (const side of sides) await startCallers(pair, side);
}

/** Asserts that all callers of these sides are served again. */
export async function assertServed(pair: ProcessPair, from: readonly PoolSide[] = sides): Promise<void> {
  const served = Promise.all(from.map((side) => pair[side].call("everybodyServed")));
  await within(FULL_AGAIN_MS, `all callers of ${from.join(" and ")} are served`, served);
}

/** Stops the callers of these sides, and asserts that none of them waited beyond its deadline. */
export async function stopCallers(pair: ProcessPair, from: readonly PoolSide[] = sides): Promise<LoadReport[]> {
  const reports = await Promise.all(from.map((side) => pair[side].call("stopLoad")));
  for (const { longestOverrunMs } of reports) {
    assert(longestOverrunMs <= OVERRUN_MS, `a call took ${longestOverrunMs} ms longer than it may`);
  }
  return reports;
}

/**
 * Asserts that all streams have ended on both sides, each in a permitted way: complete, or with an expected error. Both pools
 * are full again, and once they are closed nothing keeps their processes running.
 */
export async function assertWhole(pair: ProcessPair): Promise<void> {
  const outcomes = await pair.settled(NOTICED_MS);
  assert(outcomes.length > 0, "no stream was seen");
  assertEquals(problemsOf(outcomes), []);
  await pair.full();
  await pair.leave();
}

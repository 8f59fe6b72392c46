import { runStep, type Step } from "./step.ts";
import { describeCounts, type TestCounts } from "./test_report.ts";

/** How steps are run. */
export interface RunOptions {
  /** By when all must have ended, in milliseconds from the start of this process. @default Infinity */
  deadlineMs?: number;
  /** How many run at a time. @default 1 */
  workers?: number;
}

/** Runs steps in their order, each within what is left of the time, and sums up what they counted. */
export async function runSteps(steps: Iterable<Step>, options: RunOptions = {}): Promise<TestCounts> {
  const { deadlineMs = Infinity, workers = 1 } = options;
  const waiting = [...steps];
  const counts: TestCounts[] = [];
  await Promise.all(Array.from({ length: workers }, async () => {
    for (let step = waiting.shift(); step; step = waiting.shift()) {
      const leftMs = Math.max(0, deadlineMs - performance.now());
      counts.push(await runStep({ ...step, deadlineMs: Math.min(step.deadlineMs, leftMs) }));
    }
  }));
  return sum(counts);
}

/** Prints the sum, and ends this process: with 0 if nothing failed. */
export function exitWith(...counts: TestCounts[]): never {
  const total = sum(counts);
  console.log(describeCounts(total));
  Deno.exit(total.failed === 0 ? 0 : 1);
}

function sum(counts: readonly TestCounts[]): TestCounts {
  const total = { passed: 0, failed: 0, skipped: 0 };
  for (const { passed, failed, skipped } of counts) {
    total.passed += passed;
    total.failed += failed;
    total.skipped += skipped;
  }
  return total;
}

import { type EndedStep, runStep, type Step } from "./step.ts";
import { describeCounts, type TestCounts } from "./test_report.ts";

/** How steps are run. */
export interface RunOptions {
  /** The deadline for all steps, in milliseconds from the start of this process. @default Infinity */
  deadlineMs?: number;
  /** How many run at a time. @default 1 */
  workers?: number;
}

/** Runs the steps in order, each within the time that is left. */
export async function runSteps(steps: Iterable<Step>, options: RunOptions = {}): Promise<EndedStep[]> {
  const { deadlineMs = Infinity, workers = 1 } = options;
  const waiting = [...steps];
  const ended: EndedStep[] = [];
  await Promise.all(Array.from({ length: workers }, async () => {
    for (let step = waiting.shift(); step; step = waiting.shift()) {
      const leftMs = Math.max(0, deadlineMs - performance.now());
      ended.push(await runStep({ ...step, deadlineMs: Math.min(step.deadlineMs, leftMs) }));
    }
  }));
  return ended;
}

/** How much of a failed step's output is printed once more at the end: the last part, which names what failed. */
const repeatedChars = 4_000;

/** Prints once more what failed, and the totals as the last line, and exits: with 0 if nothing failed. */
export function exitWith(steps: readonly EndedStep[]): never {
  const failed = steps.filter(({ counts }) => counts.failed > 0);
  for (const { name, output } of failed) console.log(`\n${name} FAILED:\n${output.trim().slice(-repeatedChars)}`);
  if (failed.length > 0) console.log(`\nFAILED: ${failed.map(({ name }) => name).join(", ")}`);
  console.log(describeCounts(sum(steps.map(({ counts }) => counts))));
  Deno.exit(failed.length === 0 ? 0 : 1);
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

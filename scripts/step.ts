import { type CommandResult, runCommand } from "./command.ts";
import { type RuntimeName, runtimePath } from "./runtime_path.ts";
import { describeCounts, judge, parseJunit, type TestCounts } from "./test_report.ts";

/** One command of the gate. */
export interface Step {
  name: string;
  runtime: RuntimeName;
  args: string[];
  deadlineMs: number;
  /** For a command that runs tests: the arguments that make it write a JUnit report. Any other command counts as one test. */
  reportTo?: (path: string) => string[];
}

/** A step that has ended. */
export interface EndedStep extends StepResult {
  name: string;
}

interface StepResult {
  counts: TestCounts;
  /** What the command printed. */
  output: string;
}

/** Runs a step, prints a line about it when it has ended, and its output if anything failed. */
export async function runStep(step: Step): Promise<EndedStep> {
  const startedAt = performance.now();
  const result = await (step.reportTo ? runTests(step, step.reportTo) : runCheck(step));
  const seconds = ((performance.now() - startedAt) / 1000).toFixed(1);
  const verdict = result.counts.failed === 0 ? "ok" : "FAILED";
  console.log(`${step.name} ... ${verdict} (${step.reportTo ? `${describeCounts(result.counts)}, ` : ""}${seconds} s)`);
  if (result.counts.failed > 0) console.log(`${result.output.trim()}\n`);
  return { name: step.name, ...result };
}

async function runCheck(step: Step): Promise<StepResult> {
  const { failure, output } = await execute(step, step.args);
  if (failure) return { counts: { passed: 0, failed: 1, skipped: 0 }, output: `${output}\n${failure}` };
  return { counts: { passed: 1, failed: 0, skipped: 0 }, output };
}

async function runTests(step: Step, reportTo: (path: string) => string[]): Promise<StepResult> {
  const report = await Deno.makeTempFile({ suffix: ".xml" });
  try {
    const { failure, output } = await execute(step, [...step.args, ...reportTo(report)]);
    const { problem, ...counts } = judge(parseJunit(await Deno.readTextFile(report)), failure);
    return { counts, output: problem ? `${output}\n${problem}` : output };
  } finally {
    await Deno.remove(report);
  }
}

async function execute({ runtime, deadlineMs }: Step, args: string[]): Promise<CommandResult> {
  try {
    return await runCommand([runtimePath(runtime), ...args], deadlineMs);
  } catch (error) {
    return { failure: `Cannot start ${runtime}: ${error}`, output: "" };
  }
}

import type { RuntimeName } from "./runtime_path.ts";
import type { Step } from "./step.ts";

/** The step that runs a test file on a runtime, in a separate process. */
export function testStep(runtime: RuntimeName, file: string, deadlineMs: number): Step {
  const name = `${runtime} ${file}`;
  if (runtime === "deno") {
    const args = ["test", "-A", "--no-check", "--reporter=dot", file];
    return { name, runtime, args, deadlineMs, reportTo: denoReport };
  }
  return { name, runtime, args: ["test", "--only-failures", `./${file}`], deadlineMs, reportTo: bunReport };
}

/** The arguments that make `deno test` write its report to `path`. */
export function denoReport(path: string): string[] {
  return [`--junit-path=${path}`];
}

function bunReport(path: string): string[] {
  return ["--reporter=junit", `--reporter-outfile=${path}`];
}

import { execFile } from "node:child_process";

/** The output of a command that succeeded. */
export interface CommandOutput {
  output: string;
  errorOutput: string;
}

/** A command that runs longer is killed, in milliseconds. */
const DEADLINE_MS = 45_000;

/** Runs a command to its end. Rejects with its output if it fails. */
export function run(program: string, args: string[]): Promise<CommandOutput> {
  const options = { timeout: DEADLINE_MS, killSignal: "SIGKILL", encoding: "utf8" } as const;
  return new Promise((resolve, reject) => {
    execFile(program, args, options, (error, output, errorOutput) => {
      if (error) reject(new Error(`Cannot run ${program}: ${error.message}\n${output}\n${errorOutput}`));
      else resolve({ output, errorOutput });
    });
  });
}

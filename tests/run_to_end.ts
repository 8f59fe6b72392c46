import { execFile } from "node:child_process";
import { fileURLToPath } from "node:url";
import { runtimePath } from "../scripts/runtime_path.ts";
import { runtimeName } from "./harness.ts";

/** A program's output, and how it ended. */
export interface EndedProgram {
  exitCode: number | null;
  output: string;
  errorOutput: string;
}

/** A program that runs longer is killed, in milliseconds. */
const DEADLINE_MS = 50_000;

/** Runs a TypeScript file as a user would, on the runtime that runs the tests. */
export function runToEnd(file: URL, args: string[] = []): Promise<EndedProgram> {
  return runCommand(runtimePath(runtimeName), ["run", ...runtimeArguments(), fileURLToPath(file), ...args]);
}

/** The same on a pseudo-terminal created by the `script` command; standard error is included in the output. */
export function runOnTerminal(file: URL, args: string[] = []): Promise<EndedProgram> {
  const command = [runtimePath(runtimeName), "run", ...runtimeArguments(), fileURLToPath(file), ...args];
  const quoted = command.map((word) => `'${word.replaceAll("'", `'\\''`)}'`).join(" ");
  return runCommand("script", ["--quiet", "--return", "--command", quoted, "/dev/null"]);
}

function runtimeArguments(): string[] {
  return runtimeName === "deno" ? ["-A", "--quiet", "--no-check"] : [];
}

function runCommand(program: string, args: string[]): Promise<EndedProgram> {
  const options = { timeout: DEADLINE_MS, killSignal: "SIGKILL" } as const;
  return new Promise((resolve) => {
    const child = execFile(program, args, options, (_error, output, errorOutput) => {
      resolve({ exitCode: child.exitCode, output, errorOutput });
    });
  });
}

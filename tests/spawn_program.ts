import { type ChildProcess, spawn } from "node:child_process";
import process from "node:process";
import type { Readable, Writable } from "node:stream";

/** A process. Disposing it kills it and waits for it to end. */
export interface SpawnedProgram extends AsyncDisposable {
  readonly pid: number;
  /** Its standard input. */
  readonly input: Writable;
  /** The lines of its standard output, up to its end; `await lines.next()` gives one. */
  readonly lines: AsyncIterableIterator<string>;
  /** The lines of its standard error if that is captured; otherwise it goes to the test's own standard error. */
  readonly errorLines: AsyncIterableIterator<string> | undefined;
  /** Its exit code, or null when a signal ended it. */
  readonly exited: Promise<number | null>;
  kill(signal?: "SIGHUP" | "SIGINT" | "SIGTERM" | "SIGKILL" | "SIGSTOP" | "SIGCONT" | "SIGUSR2"): void;
}

/** Runs a program. Its standard error is captured only on request. */
export function spawnProgram(
  program: string,
  args: string[] = [],
  { keepErrors = false }: { keepErrors?: boolean } = {},
): SpawnedProgram {
  const child: ChildProcess = spawn(program, args, { stdio: ["pipe", "pipe", keepErrors ? "pipe" : "inherit"] });
  const exited = new Promise<number | null>((resolve, reject) => child.once("error", reject).once("exit", resolve));
  child.stdin!.on("error", () => {}); // a program that has exited reads nothing, and `exited` reports its end
  return {
    pid: child.pid!,
    input: child.stdin!,
    lines: linesOf(child.stdout!),
    errorLines: keepErrors ? linesOf(child.stderr!) : undefined,
    exited,
    kill(signal = "SIGKILL") {
      // After child.kill(), Deno reports that the signal ended the process, even if the process handled it and exited on its
      // own.
      if (child.exitCode === null && child.signalCode === null) process.kill(child.pid!, signal);
    },
    async [Symbol.asyncDispose]() {
      child.kill("SIGKILL");
      await exited;
      child.stdin!.destroy();
      child.stdout!.destroy();
      child.stderr?.destroy();
    },
  };
}

async function* linesOf(stream: Readable): AsyncIterableIterator<string> {
  let rest = "";
  for await (const chunk of stream.setEncoding("utf8")) {
    const lines = (rest + chunk).split("\n");
    rest = lines.pop()!;
    yield* lines;
  }
  if (rest) yield rest;
}

import process from "node:process";
import { ExitCode, ExitError } from "./exit_error.ts";
import { oneLine } from "./one_line.ts";

/** When a program is to end. */
export interface Ending {
  /** Aborted by the first signal: nothing new is started. */
  readonly stop: AbortSignal;
  /** Aborted by the second signal: everything in progress is aborted. */
  readonly abort: AbortSignal;
}

/** The signals that end a program, and their numbers, from which the exit codes are made. */
const SIGNALS = { SIGINT: 2, SIGTERM: 15 } as const;

/** How long whatever was aborted, or is left open, may take to end, in milliseconds. */
const ABORT_TIMEOUT_MS = 1_000;

/** Runs a program to its end, and sets its exit code. */
export async function runProgram(main: (args: string[], ending: Ending) => Promise<void>): Promise<void> {
  const stop = new AbortController();
  const abort = new AbortController();
  const listeners = Object.entries(SIGNALS).map(([name, number]) => {
    const listener = () => {
      if (!stop.signal.aborted) return stop.abort(new Error(`Ended by ${name}`));
      process.exitCode = 128 + number;
      abort.abort(new Error(`Aborted by ${name}`));
      exitSoon();
    };
    process.on(name, listener);
    return () => process.off(name, listener);
  });
  process.stdout.on("error", () => {}); // that nobody reads the log any longer is no reason to end
  try {
    await main(process.argv.slice(2), { stop: stop.signal, abort: abort.signal });
  } catch (error) {
    console.error(oneLine((error as Error).message)); // may contain the server's text
    process.exitCode = error instanceof ExitError ? error.exitCode : ExitCode.failed;
  } finally {
    for (const remove of listeners) remove();
    exitSoon(); // Bun cannot cancel an attempt to connect
  }
}

/** Ends the program even if something is left open. */
function exitSoon(): void {
  setTimeout(() => process.exit(), ABORT_TIMEOUT_MS).unref();
}

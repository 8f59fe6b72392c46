import process from "node:process";
import { ExitCode, ExitError } from "./exit_error.ts";

/** The signals that end a program, and their numbers, which make the exit codes. */
const SIGNALS = { SIGINT: 2, SIGTERM: 15 } as const;

/**
 * Runs a program. The first signal asks it to end, the second one ends it.
 *
 * @param main Gets the arguments, and a signal that is aborted when the program is to end.
 */
export async function runProgram(main: (args: string[], stop: AbortSignal) => Promise<void>): Promise<void> {
  const stop = new AbortController();
  const listeners = Object.entries(SIGNALS).map(([name, number]) => {
    const listener = () => {
      if (stop.signal.aborted) process.exit(128 + number);
      stop.abort(new Error(`Ended by ${name}`));
    };
    process.on(name, listener);
    return () => process.off(name, listener);
  });
  process.stdout.on("error", () => {}); // nobody reads the log any more, which is no reason to end
  try {
    await main(process.argv.slice(2), stop.signal);
  } catch (error) {
    console.error((error as Error).message);
    process.exitCode = error instanceof ExitError ? error.exitCode : ExitCode.failed;
  } finally {
    for (const remove of listeners) remove();
  }
}

/** Moves a file through pooled connections and back, and measures it; see `--help`. */
import process from "node:process";
import { HELP, readOptions } from "./demo/options.ts";
import { runDemo } from "./demo/run.ts";

/** The signals that end the demo, and their numbers, from which the exit codes are made. */
const SIGNALS = { SIGINT: 2, SIGTERM: 15 } as const;

process.exitCode = await main(process.argv.slice(2));

async function main(args: string[]): Promise<number> {
  const interrupted = new AbortController();
  let signalNumber = 0;
  const listeners = Object.entries(SIGNALS).map(([name, number]) => {
    const interrupt = () => {
      signalNumber = number;
      interrupted.abort(new Error(`Ended by ${name}`));
    };
    process.once(name, interrupt);
    return () => process.off(name, interrupt);
  });
  process.stdout.on("error", ({ message }) => interrupted.abort(new Error(`Cannot write the output: ${message}`)));
  try {
    const options = readOptions(args, process.execPath);
    if (options === "help") console.log(HELP);
    else await runDemo(options, process.stdout, interrupted.signal);
    return 0;
  } catch (error) {
    console.error((error as Error).message);
    return signalNumber === 0 ? 1 : 128 + signalNumber;
  } finally {
    for (const remove of listeners) remove();
  }
}

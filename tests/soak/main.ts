/**
 * Random load between a Deno and a Bun process, under faults and restarts: `deno task soak [minutes] [--seed N]`. It prints a
 * line every 10 s and a verdict at the end; the exit code is 0 if it passed. A seed reproduces the same fates and errands,
 * though not their exact timing.
 */
import process from "node:process";
import { Dice } from "../random/dice.ts";
import { Half } from "./half.ts";
import { SoakProcess } from "./soak_process.ts";

const DEFAULT_MINUTES = 10;

/** The options of the command line. */
interface SoakOptions {
  minutes: number;
  seed: number;
}

function parseOptions(args: readonly string[]): SoakOptions {
  const options = { minutes: DEFAULT_MINUTES, seed: Math.floor(Math.random() * 2 ** 31) };
  for (let index = 0; index < args.length; index++) {
    const isSeed = args[index] === "--seed";
    const text = isSeed ? args[++index] : args[index];
    const value = Number(text);
    if (!(value > 0)) {
      throw new RangeError(`Cannot soak: ${isSeed ? "--seed" : "minutes"} must be above 0, got ${text}`);
    }
    if (isSeed) options.seed = value;
    else options.minutes = value;
  }
  return options;
}

async function soak({ minutes, seed }: SoakOptions): Promise<string[]> {
  const dice = new Dice(seed);
  const startedAt = performance.now();
  for (const [steady, restarted] of [["deno", "bun"], ["bun", "deno"]] as const) {
    console.log(`${steady} stays, ${restarted} is restarted`);
    await using one = await SoakProcess.start(steady);
    await using other = await SoakProcess.start(restarted);
    const problems = await new Half(dice, one, other).run(minutes * 60_000 / 2, (line) => {
      console.log(`${Math.round((performance.now() - startedAt) / 1_000)} s: ${line}`);
    });
    if (problems.length > 0) return problems;
  }
  return [];
}

const options = parseOptions(process.argv.slice(2));
console.log(`soak of ${options.minutes} min, seed ${options.seed}`);
const problems = await soak(options);
problems.slice(1, 20).forEach((problem) => console.log(problem));
console.log(problems.length === 0 ? "soak passed" : `soak failed: ${problems[0]}`);
process.exit(problems.length === 0 ? 0 : 1);

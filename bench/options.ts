import { parseArgs } from "node:util";
import type { BenchCase } from "./bench_case.ts";
import { cases, findCase } from "./cases/all.ts";
import { type Pair, pairs } from "./pairs.ts";

/** The options of the command line. */
export interface BenchOptions {
  readonly cases: readonly BenchCase[];
  readonly pairs: readonly Pair[];
  readonly rounds: number;
  /** How much work each measurement does; 1 is the full amount. */
  readonly effort: number;
  readonly profileFolder: string | undefined;
  /** Whether the results are recorded. */
  readonly isKept: boolean;
}

export const usage = `Measures the pool, and what it is compared with, on this machine.

  --case <name>       one case; may be repeated: ${cases.map(({ name }) => name).join(", ")}
  --pair <name>       one pair of runtimes, client first; may be repeated: ${pairs.map(({ name }) => name).join(", ")}
  --rounds <count>    how often each figure is measured (5, or as often as is worth the time)
  --quick             3 rounds with a quarter of the work
  --profile <folder>  has the processes write CPU profiles
  --keep              puts what was measured into bench/RESULTS.md and bench/results.svg, in the place of the same cases`;

/**
 * Reads the command line; undefined when it asks for help.
 *
 * @throws {TypeError | RangeError} An option is unknown, or its value is wrong.
 */
export function readOptions(args: string[]): BenchOptions | undefined {
  const { values } = parseArgs({
    args,
    options: {
      case: { type: "string", multiple: true },
      pair: { type: "string", multiple: true },
      rounds: { type: "string" },
      quick: { type: "boolean", default: false },
      profile: { type: "string" },
      keep: { type: "boolean", default: false },
      help: { type: "boolean", default: false },
    },
  });
  if (values.help) return undefined;
  if (values.keep && (values.quick || values.pair)) {
    throw new TypeError(
      "Cannot keep results: --keep goes with neither --quick nor --pair, which tell less than the whole",
    );
  }
  return {
    cases: values.case?.map(findCase) ?? cases,
    pairs: values.pair?.map(findPair) ?? pairs,
    rounds: values.rounds === undefined ? (values.quick ? 3 : 5) : readRounds(values.rounds),
    effort: values.quick ? 0.25 : 1,
    profileFolder: values.profile,
    isKept: values.keep,
  };
}

function findPair(name: string): Pair {
  const found = pairs.find((candidate) => candidate.name === name);
  if (!found) {
    throw new RangeError(`Cannot find pair ${name}: it is none of ${pairs.map(({ name }) => name).join(", ")}`);
  }
  return found;
}

function readRounds(text: string): number {
  const rounds = Number(text);
  if (!Number.isInteger(rounds) || rounds < 1) {
    throw new RangeError(`Cannot read --rounds: must be a whole number from 1, got ${text}`);
  }
  return rounds;
}

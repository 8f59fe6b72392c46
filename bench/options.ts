import { parseArgs } from "node:util";
import type { BenchCase } from "./bench_case.ts";
import { cases, findCase } from "./cases/all.ts";
import { type Pair, pairs } from "./pairs.ts";

/** What the command line asks for. */
export interface BenchOptions {
  readonly cases: readonly BenchCase[];
  readonly pairs: readonly Pair[];
  readonly rounds: number;
  /** How much work each measurement does: 1 is all. */
  readonly effort: number;
  readonly profileFolder: string | undefined;
}

export const usage = `Measures the pool against raw WebSockets on this machine.

  --case <name>       one case; may be repeated: ${cases.map(({ name }) => name).join(", ")}
  --pair <name>       one pair of runtimes, client first; may be repeated: ${pairs.map(({ name }) => name).join(", ")}
  --rounds <count>    how often each figure is measured (5, or as often as is worth the time)
  --quick             3 rounds with a quarter of the work
  --profile <folder>  has the processes write CPU profiles`;

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
      help: { type: "boolean", default: false },
    },
  });
  if (values.help) return undefined;
  return {
    cases: values.case?.map(findCase) ?? cases,
    pairs: values.pair?.map(findPair) ?? pairs,
    rounds: values.rounds === undefined ? (values.quick ? 3 : 5) : readRounds(values.rounds),
    effort: values.quick ? 0.25 : 1,
    profileFolder: values.profile,
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

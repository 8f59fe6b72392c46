import type { GoPair } from "./go_pair.ts";
import type { Pair } from "./pairs.ts";
import type { Remote, Role } from "./remote.ts";

/** The two processes of a case, the client's and the server's. */
export interface Ends<Server, Client> {
  readonly server: Remote<Server>;
  readonly client: Remote<Client>;
}

/** The value to reach. */
export interface Target {
  readonly is: "at least" | "at most";
  readonly limit: number;
}

/** Takes one measurement. `effort` is 1 for a full run, less for a quick one. */
export type Measure<Server, Client> = (ends: Ends<Server, Client>, effort: number) => Promise<number>;

/** Measures two Go processes, where Go is available. */
export interface GoMeasure {
  go(pair: GoPair, effort: number): Promise<number>;
}

/** What a figure of the pool is compared with; measured in the same rounds. */
export interface Baseline<Server, Client> {
  readonly name: string;
  readonly measure: Measure<Server, Client> | GoMeasure;
  /** What the ratio of the pool's value to this one must reach; undefined where it only shows what the machine can do. */
  readonly target?: Target;
}

/** One quantity: the pool's value and those of its baselines. */
export interface Figure<Server, Client> {
  readonly name: string;
  readonly unit: string;
  readonly ours: Measure<Server, Client>;
  /** What the pool's own value must reach. */
  readonly target?: Target;
  readonly baselines: readonly Baseline<Server, Client>[];
  /** How many warm-up rounds precede those that count (1): compilers need tens of thousands of runs to reach their best. */
  readonly warmUpRounds?: number;
}

/** Figures measured on the same two processes. */
export interface BenchCase<Server = unknown, Client = unknown> extends Record<Role, new () => unknown> {
  readonly name: string;
  /** What is measured and how, in a sentence or two. */
  readonly about: string;
  readonly server: new () => Server;
  readonly client: new () => Client;
  /** Opens what all figures need, before the first round. The returned object is disposed of after the processes have ended. */
  open(ends: Ends<Server, Client>, pair: Pair): Promise<AsyncDisposable | void>;
  readonly figures: readonly Figure<Server, Client>[];
  /** Every measurement gets new processes, because memory once used is not returned to the system. */
  readonly isFresh?: boolean;
  /** The most rounds that are worth running. */
  readonly maxRounds?: number;
}

/** Erases the types of a case's ends: the generic runner only passes them on. */
export function benchCase<Server, Client>(definition: BenchCase<Server, Client>): BenchCase {
  return definition as unknown as BenchCase;
}

import type { Remote, Role } from "./remote.ts";

/** The two processes of a case, the client's and the server's. */
export interface Ends<Server, Client> {
  readonly server: Remote<Server>;
  readonly client: Remote<Client>;
}

/** What a figure must reach: of the ratio of ours to the baseline, or of our own value. */
export interface Target {
  readonly of: "ratio" | "value";
  readonly is: "at least" | "at most";
  readonly limit: number;
}

/** One line of the table. */
export interface Figure<Server, Client> {
  readonly name: string;
  readonly unit: string;
  readonly target: Target;
  /** Measures the pool. `effort` is 1 for a full run, less for a quick one. */
  ours(ends: Ends<Server, Client>, effort: number): Promise<number>;
  /** Measures what the pool is compared with. */
  baseline(ends: Ends<Server, Client>, effort: number): Promise<number>;
}

/** Figures that are measured on the same two processes. */
export interface BenchCase<Server = unknown, Client = unknown> extends Record<Role, new () => unknown> {
  readonly name: string;
  readonly server: new () => Server;
  readonly client: new () => Client;
  /** Opens what all figures need, before the first round. */
  open(ends: Ends<Server, Client>): Promise<void>;
  readonly figures: readonly Figure<Server, Client>[];
  /** Every measurement has processes of its own: memory that was used once is not given back. */
  readonly isFresh?: boolean;
  /** The most rounds that are worth their time. */
  readonly maxRounds?: number;
}

/** Forgets the types of a case's ends: the runner of all cases only hands them on. */
export function benchCase<Server, Client>(definition: BenchCase<Server, Client>): BenchCase {
  return definition as unknown as BenchCase;
}

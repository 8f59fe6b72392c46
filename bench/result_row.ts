import type { Target } from "./bench_case.ts";
import type { Pair } from "./pairs.ts";
import type { FigureResult } from "./run_case.ts";
import { median } from "./statistics.ts";

/** Over several rounds. */
export interface Spread {
  readonly median: number;
  readonly least: number;
  readonly most: number;
}

/** A baseline of a figure. */
export interface ComparedRow {
  readonly name: string;
  readonly value: Spread;
  /** The pool's value divided by the baseline's, per round. */
  readonly ratio: Spread;
  readonly target?: Target;
}

/** One figure on one pair of runtimes. */
export interface ResultRow {
  readonly pair: string;
  readonly figure: string;
  readonly unit: string;
  readonly ours: Spread;
  readonly target?: Target;
  readonly baselines: readonly ComparedRow[];
}

/** Summarizes the rounds. Ratios are taken within each round, because a disturbance of the machine affects both values. */
export function resultRow(pair: Pair, { figure, ours, baselines }: FigureResult): ResultRow {
  return {
    pair: pair.name,
    figure: figure.name,
    unit: figure.unit,
    ours: spreadOf(ours),
    target: figure.target,
    baselines: baselines.map(({ baseline: { name, target }, values }) => ({
      name,
      target,
      value: spreadOf(values),
      ratio: spreadOf(ours.map((value, round) => value / values[round])),
    })),
  };
}

/** Whether a value is on the right side of its target. */
export function isReached({ is, limit }: Target, value: number): boolean {
  return is === "at least" ? value >= limit : value <= limit;
}

function spreadOf(values: readonly number[]): Spread {
  return { median: median(values), least: Math.min(...values), most: Math.max(...values) };
}

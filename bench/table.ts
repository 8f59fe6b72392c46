import type { Target } from "./bench_case.ts";
import { median } from "./median.ts";
import type { Pair } from "./pairs.ts";
import type { FigureResult, Round } from "./run_case.ts";

const FIGURE_WIDTH = 46;

/** The table's head. */
export const tableHead = line("pair", "figure", "pool", "baseline", "ratio", "(least - most)", "target");

/** One line of the table: medians over the rounds, and whether the target was reached. */
export function tableLine(pair: Pair, { figure, rounds }: FigureResult): string {
  const ratios = rounds.map(({ ours, baseline }) => ours / baseline);
  const ours = median(rounds.map((round) => round.ours));
  const reached = isReached(figure.target, figure.target.of === "ratio" ? median(ratios) : ours);
  return line(
    pair.name,
    figure.name,
    `${short(ours)} ${figure.unit}`,
    `${short(baselineOf(rounds))} ${figure.unit}`,
    short(median(ratios)),
    `(${short(Math.min(...ratios))} - ${short(Math.max(...ratios))})`,
    `${described(figure.target, figure.unit)} ${reached ? "yes" : "NO"}`,
  );
}

function baselineOf(rounds: readonly Round[]): number {
  return median(rounds.map(({ baseline }) => baseline));
}

function isReached({ is, limit }: Target, value: number): boolean {
  return is === "at least" ? value >= limit : value <= limit;
}

function described({ of, is, limit }: Target, unit: string): string {
  return `${is} ${of === "ratio" ? limit : `${limit} ${unit}`}`;
}

/** Three digits that mean something. */
function short(value: number): string {
  return Math.abs(value) >= 100 ? value.toFixed(0) : value.toPrecision(3);
}

function line(
  pair: string,
  figure: string,
  ours: string,
  baseline: string,
  ratio: string,
  range: string,
  target: string,
) {
  return [
    pair.padEnd(9),
    figure.padEnd(FIGURE_WIDTH),
    ours.padStart(12),
    baseline.padStart(12),
    ratio.padStart(6),
    range.padEnd(15),
    target,
  ].join("  ");
}

import type { Target } from "./bench_case.ts";
import { isReached, type ResultRow, type Spread } from "./result_row.ts";

const WIDTHS = { pair: 9, figure: 66, value: 26, baseline: 27, ratio: 22 };

/** The table's head. */
export const tableHead = line(
  "pair",
  "figure",
  "pool (least - most)",
  "compared with",
  "",
  "ratio (least - most)",
  "target",
);

/** The table lines of a figure: medians and spreads over the rounds, and whether the targets were reached. */
export function* tableLines({ pair, figure, unit, ours, target, baselines }: ResultRow): Iterable<string> {
  const own = [pair, figure, spread(ours, unit)] as const;
  if (target || baselines.length === 0) {
    yield line(...own, "", "", "", verdict(target, ours.median, unit));
  }
  for (const [index, { name, value, ratio, target: ratioTarget }] of baselines.entries()) {
    const start = index === 0 && !target ? own : [pair, "", ""] as const;
    yield line(...start, name, spread(value, unit), spread(ratio), verdict(ratioTarget, ratio.median));
  }
}

/** Three significant digits. */
export function short(value: number): string {
  if (Math.abs(value) >= 100) return Math.round(value).toLocaleString("en");
  return value === 0 ? "0" : value.toPrecision(3);
}

/** The median, the minimum and the maximum. */
export function spread({ median, least, most }: Spread, unit = ""): string {
  const range = least === most ? "" : ` (${short(least)} - ${short(most)})`;
  return `${short(median)}${unit && ` ${unit}`}${range}`;
}

/** The target, and whether it was reached. */
export function verdict(target: Target | undefined, value: number, unit = ""): string {
  if (!target) return "";
  const limit = `${target.limit.toLocaleString("en")}${unit && ` ${unit}`}`;
  return `${target.is} ${limit}: ${isReached(target, value) ? "yes" : "NO"}`;
}

function line(
  pair: string,
  figure: string,
  ours: string,
  baseline: string,
  value: string,
  ratio: string,
  target: string,
): string {
  return [
    pair.padEnd(WIDTHS.pair),
    figure.padEnd(WIDTHS.figure),
    ours.padEnd(WIDTHS.value),
    baseline.padEnd(WIDTHS.baseline),
    value.padEnd(WIDTHS.value),
    ratio.padEnd(WIDTHS.ratio),
    target,
  ].join("  ").trimEnd();
}

import type { Results } from "./results.ts";
import type { ResultRow } from "./result_row.ts";
import { short } from "./table.ts";

/** A bar: the factor by which the pool is better than a baseline. */
interface Bar {
  readonly label: string;
  readonly caseName: string;
  readonly figure: RegExp;
  readonly baseline: string;
  /** Whether less is better. */
  readonly isCost?: boolean;
}

const bars: readonly Bar[] = [
  {
    label: "streams/s of 32 workers, vs. a fresh WebSocket each",
    caseName: "session",
    figure: /workers, open\(\)/,
    baseline: "fresh WebSocket",
  },
  {
    label: "time of a stream after another, vs. a fresh WebSocket each",
    caseName: "session",
    figure: /^session after session, open\(\)/,
    baseline: "fresh WebSocket",
    isCost: true,
  },
  {
    label: "streams/s of 32 workers, vs. npws/1 in Go",
    caseName: "session",
    figure: /workers, open\(\)/,
    baseline: "npws/1 between Go peers",
  },
  {
    label: "64 KiB writes to the server, vs. a raw WebSocket",
    caseName: "throughput-2",
    figure: /^65,536-byte writes to the server/,
    baseline: "raw WebSocket",
  },
  {
    label: "64 KiB writes to the client, vs. a raw WebSocket",
    caseName: "throughput-2",
    figure: /^65,536-byte writes to the client/,
    baseline: "raw WebSocket",
  },
  {
    label: "1 KiB writes to the server, vs. a raw WebSocket",
    caseName: "throughput-2",
    figure: /^1,024-byte writes to the server/,
    baseline: "raw WebSocket",
  },
  {
    label: "64-byte writes to the server, vs. a raw WebSocket",
    caseName: "throughput-2",
    figure: /^64-byte writes to the server/,
    baseline: "raw WebSocket",
  },
  {
    label: "round trip of a byte, vs. a raw WebSocket",
    caseName: "round-trip-2",
    figure: /there and back/,
    baseline: "raw WebSocket",
    isCost: true,
  },
  {
    label: "memory of an idle link at the client, vs. a raw WebSocket",
    caseName: "memory",
    figure: /at the client/,
    baseline: "raw WebSocket",
    isCost: true,
  },
];

const WIDTH = 860;
const LEFT = 390;
const RIGHT = 60;
const TOP = 56;
const BAR = 10;
const GROUP_GAP = 14;

/** The scale: logarithmic, from a quarter to sixteen times. */
const LEAST = 1 / 4;
const MOST = 16;

const colors: Record<string, string> = {
  "deno-deno": "#2563eb",
  "bun-bun": "#db2777",
  "deno-bun": "#7c3aed",
  "bun-deno": "#ea7a17",
};

/** Draws the main ratios: a bar to the right of 1 means that the pool is better. */
export function chart(results: Results): string {
  const groups = bars.map((bar) => ({ bar, ratios: ratiosOf(results, bar) })).filter(({ ratios }) => ratios.length > 0);
  const parts: string[] = [];
  let y = TOP;
  for (const { bar, ratios } of groups) {
    parts.push(text(LEFT - 10, y + ratios.length * BAR / 2 + 4, bar.label, "end"));
    for (const { pair, better } of ratios) {
      parts.push(barAt(y, pair, better));
      y += BAR;
    }
    y += GROUP_GAP;
  }
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${y + 8}" role="img" aria-label="The main ratios">`,
    `<style>text{font:12px system-ui,sans-serif;fill:#1f2937}.small{font-size:10px}.grid{stroke:#d1d5db}` +
    `.one{stroke:#6b7280;stroke-width:1.5}@media(prefers-color-scheme:dark){text{fill:#e5e7eb}.grid{stroke:#374151}` +
    `.one{stroke:#9ca3af}}</style>`,
    text(LEFT, 16, "how many times better the pool is; client first in each pair", "start"),
    legend(),
    ...[LEAST, 0.5, 1, 2, 4, 8, MOST].map((at) => gridLine(at, y)),
    ...parts,
    "</svg>\n",
  ].join("\n");
}

interface Ratio {
  readonly pair: string;
  /** Above 1 where the pool is better. */
  readonly better: number;
}

function ratiosOf(results: Results, { caseName, figure, baseline, isCost }: Bar): Ratio[] {
  const rows: readonly ResultRow[] = results[caseName]?.rows ?? [];
  return rows.filter((row) => figure.test(row.figure)).flatMap(({ pair, baselines }) => {
    const found = baselines.find(({ name }) => name === baseline);
    if (!found) return [];
    return { pair, better: isCost ? 1 / found.ratio.median : found.ratio.median };
  });
}

function barAt(y: number, pair: string, better: number): string {
  const [one, end] = [position(1), position(better)];
  const [x, width] = [Math.min(one, end), Math.abs(end - one)];
  const label = end >= one
    ? text(end + 4, y + BAR - 1, short(better), "start", "small")
    : text(end - 4, y + BAR - 1, short(better), "end", "small");
  return `<rect x="${round(x)}" y="${y}" width="${round(width)}" height="${BAR - 2}" rx="2" fill="${
    colors[pair]
  }"/>${label}`;
}

function position(ratio: number): number {
  const within = Math.min(MOST, Math.max(LEAST, ratio));
  return LEFT + Math.log(within / LEAST) / Math.log(MOST / LEAST) * (WIDTH - LEFT - RIGHT);
}

function gridLine(at: number, bottom: number): string {
  const x = round(position(at));
  const label = text(x, TOP - 8, at < 1 ? `1/${1 / at}` : `${at}`, "middle", "small");
  return `<line class="${at === 1 ? "one" : "grid"}" x1="${x}" x2="${x}" y1="${TOP - 4}" y2="${bottom}"/>${label}`;
}

function legend(): string {
  return Object.entries(colors).map(([pair, color], index) => {
    const x = LEFT + index * 100;
    return `<rect x="${x}" y="24" width="10" height="10" rx="2" fill="${color}"/>${text(x + 14, 33, pair, "start")}`;
  }).join("\n");
}

function text(x: number, y: number, content: string, anchor: string, kind = ""): string {
  const className = kind && ` class="${kind}"`;
  return `<text x="${round(x)}" y="${round(y)}" text-anchor="${anchor}"${className}>${content}</text>`;
}

function round(value: number): number {
  return Math.round(value * 10) / 10;
}

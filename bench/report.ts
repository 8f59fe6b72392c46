import { cases } from "./cases/all.ts";
import type { ResultRow } from "./result_row.ts";
import type { KeptResult, Results } from "./results.ts";
import { spread, verdict } from "./table.ts";

const head = `# Results of the benchmarks

Written by \`deno task bench --keep\`; \`deno task bench --help\` says how to measure again. Client and server are two processes on
one machine, over the loopback interface. A pair names the client's runtime first. Each figure is the median of its rounds, with
the least and the most in brackets; in each round the pool and everything that it is compared with are measured right after each
other, and a ratio is the median of the rounds' ratios. So the ratios hold where the absolute figures depend on the machine.

![The main ratios](results.svg)
`;

/** The results as Markdown, with a section per case. */
export function report(results: Results): string {
  const sections = cases.filter(({ name }) => results[name]).map(({ name }) => section(name, results[name]));
  return `${head}\n${sections.join("\n")}`;
}

function section(name: string, { about, rounds, rows, measuredOn, machine, versions }: KeptResult): string {
  const figures = Map.groupBy(rows, ({ figure }) => figure);
  const tables = [...figures].map(([figure, rows]) => table(figure, rows)).join("\n");
  const when = `${measuredOn}, ${rounds === 1 ? "1 round" : `${rounds} rounds`}, on ${machine}, with ${versions}`;
  return `## ${name}\n\n${about}\n\n${when}.\n\n${tables}`;
}

function table(figure: string, rows: readonly ResultRow[]): string {
  const lines = [
    "| pair | pool | compared with | | pool / compared | target |",
    "| --- | --- | --- | --- | --- | --- |",
  ];
  for (const { pair, unit, ours, target, baselines } of rows) {
    const own = [pair, spread(ours, unit)];
    if (target || baselines.length === 0) lines.push(line(...own, "", "", "", verdict(target, ours.median, unit)));
    for (const [index, { name, value, ratio, target: ratioTarget }] of baselines.entries()) {
      const start = index === 0 && !target ? own : ["", ""];
      lines.push(line(...start, name, spread(value, unit), spread(ratio), verdict(ratioTarget, ratio.median)));
    }
  }
  return `### ${figure}\n\n${lines.join("\n")}\n`;
}

function line(...cells: string[]): string {
  return `| ${cells.join(" | ")} |`;
}

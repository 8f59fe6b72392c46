/** Measures the pool and its baselines, and prints a table: see `--help`. */
import process from "node:process";
import { GoPair } from "./go_pair.ts";
import { type BenchOptions, readOptions, usage } from "./options.ts";
import { foundPairs } from "./pairs.ts";
import { type ResultRow, resultRow } from "./result_row.ts";
import { addToResults } from "./results.ts";
import { runCase } from "./run_case.ts";
import { tableHead, tableLines } from "./table.ts";

const options = optionsOrExit();
const pairs = foundPairs(options.pairs);
const missing = options.pairs.filter((pair) => !pairs.includes(pair));
if (missing.length > 0) {
  console.log(`Not measured, as a runtime was not found: ${missing.map(({ name }) => name).join(", ")}`);
}
await using goPair = await GoPair.start();
if (!goPair) console.log("Not compared with Go peers: Go, or a module of theirs, is not to be had here");

console.log(tableHead);
for (const benchCase of options.cases) {
  const rounds = Math.min(options.rounds, benchCase.maxRounds ?? Infinity);
  const rows: ResultRow[] = [];
  for (const pair of pairs) {
    for await (const result of runCase({ ...options, rounds, benchCase, pair, goPair })) {
      const row = resultRow(pair, result);
      rows.push(row);
      for (const line of tableLines(row)) console.log(line);
    }
  }
  if (options.isKept) await addToResults(benchCase.name, { about: benchCase.about, rounds, rows });
}

function optionsOrExit(): BenchOptions {
  try {
    const options = readOptions(process.argv.slice(2));
    if (options) return options;
    console.log(usage);
    process.exit(0);
  } catch (error) {
    console.error(`${(error as Error).message}\n\n${usage}`);
    process.exit(2);
  }
}

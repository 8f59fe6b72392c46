/** Measures the pool against raw WebSockets, and prints a table: see `--help`. */
import process from "node:process";
import { type BenchOptions, readOptions, usage } from "./options.ts";
import { foundPairs } from "./pairs.ts";
import { resultRow } from "./result_row.ts";
import { runCase } from "./run_case.ts";
import { tableHead, tableLines } from "./table.ts";

const options = optionsOrExit();
const pairs = foundPairs(options.pairs);
const missing = options.pairs.filter((pair) => !pairs.includes(pair));
if (missing.length > 0) {
  console.log(`Not measured, as a runtime was not found: ${missing.map(({ name }) => name).join(", ")}`);
}

console.log(tableHead);
for (const benchCase of options.cases) {
  for (const pair of pairs) {
    const rounds = Math.min(options.rounds, benchCase.maxRounds ?? Infinity);
    for await (const result of runCase({ ...options, rounds, benchCase, pair })) {
      for (const line of tableLines(resultRow(pair, result))) console.log(line);
    }
  }
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

import { env } from "node:process";
import { test } from "./harness.ts";
import { Scenario } from "./random/scenario.ts";

/** Runs one seed alone, to look at its failure again. */
const { NPWS_SEED } = env;

const SEEDS = 2_000;

test(
  "pools lose no link and no byte, hand none out twice and leave nothing open, whatever happens in whatever order",
  async () => {
    if (NPWS_SEED) return await Scenario.run(Number(NPWS_SEED));
    for (let seed = 1; seed <= SEEDS; seed++) await Scenario.run(seed);
  },
  { timeoutMs: 300_000 },
);

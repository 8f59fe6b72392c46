import { env } from "node:process";
import { assert, assertEquals } from "@std/assert";
import { test } from "./harness.ts";
import type { Crossing } from "./random/crossing.ts";
import { Scenario } from "./random/scenario.ts";

/** Runs a single seed, to investigate its failure. */
const { NPWS_SEED } = env;

const SEEDS = 2_000;

test(
  "pools lose no link and no byte, hand none out twice and leave nothing open, whatever happens in whatever order",
  async () => {
    if (NPWS_SEED) return void await Scenario.run(Number(NPWS_SEED));
    const crossings: Crossing[] = [];
    for (let seed = 1; seed <= SEEDS; seed++) crossings.push(await Scenario.run(seed));
    const [bundling, plain] = [true, false].map((hasBundles) => totals(crossings, hasBundles));
    assertEquals([bundling.runs, plain.runs], [SEEDS / 2, SEEDS / 2]);
    assert(bundling.bundles > SEEDS, `${bundling.bundles} bundles`);
    assert(plain.controls > SEEDS, `${plain.controls} control messages without bundles`);
    assertEquals(plain.bundles, 0);
  },
  { timeoutMs: 300_000 },
);

/** The crossings in the runs with bundles, or in those without. */
function totals(crossings: readonly Crossing[], hasBundles: boolean) {
  const those = crossings.filter((crossing) => crossing.hasBundles === hasBundles);
  const sum = (kind: "bundles" | "controls") => those.reduce((sum, crossing) => sum + crossing[kind], 0);
  return { runs: those.length, bundles: sum("bundles"), controls: sum("controls") };
}

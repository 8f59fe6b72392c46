/**
 * Runs the tests against Go on both runtimes: `deno task interop`. With `--long`, links are also left idle for 90 s. Where Go
 * is not available, it says so, and the tests count as skipped.
 */
import { exitWith, runSteps } from "../../scripts/run_steps.ts";
import { testStep } from "../../scripts/test_step.ts";
import { buildGoPeer } from "./go_build.ts";

const file = "tests/interop/go_test.ts";
const isLong = Deno.args.includes("--long");
const unknown = Deno.args.find((arg) => arg !== "--long");
if (unknown !== undefined) {
  console.error(`Cannot run the tests against Go: "${unknown}" is no option, only --long is`);
  Deno.exit(2);
}
if (isLong) Deno.env.set("NPWS_INTEROP_LONG", "1"); // for the processes that run the steps

const build = await buildGoPeer();
if ("missing" in build) console.log(`Cannot run the tests against Go: ${build.missing}`);

const deadlineMs = isLong ? 600_000 : 180_000;
exitWith(await runSteps((["deno", "bun"] as const).map((runtime) => testStep(runtime, file, deadlineMs))));

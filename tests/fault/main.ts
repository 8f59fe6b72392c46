/**
 * Runs the fault tests on both runtimes: `deno task fault`. With `--long`, a process is stopped for 20 s, there are 400 rounds
 * instead of 50, no clock is accelerated, and all pairs of runtimes are tested.
 */
import { exitWith, runSteps } from "../../scripts/run_steps.ts";
import { testStep } from "../../scripts/test_step.ts";

const isLong = Deno.args.includes("--long");
const unknown = Deno.args.find((arg) => arg !== "--long");
if (unknown !== undefined) {
  console.error(`Cannot run the tests of faults: "${unknown}" is no option, only --long is`);
  Deno.exit(2);
}
if (isLong) Deno.env.set("NPWS_FAULT_LONG", "1"); // for the processes that run the steps

const folder = "tests/fault";
const files = Array.from(Deno.readDirSync(folder), ({ name }) => name).filter((name) => name.endsWith("_test.ts"))
  .sort();
const deadlineMs = isLong ? 1_800_000 : 180_000;
const steps = (["deno", "bun"] as const).flatMap((runtime) =>
  files.map((file) => testStep(runtime, `${folder}/${file}`, deadlineMs))
);
exitWith(await runSteps(steps));

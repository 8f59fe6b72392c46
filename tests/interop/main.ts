/**
 * Runs the tests against Go on both runtimes: `deno task interop`. With `--long` the links are left idle for 90 s as well. Where
 * there is no Go it says so, and the tests count as skipped.
 */
import { runStep, type Step } from "../../scripts/step.ts";
import { describeCounts } from "../../scripts/test_report.ts";
import { buildGoPeer } from "./go_build.ts";

const file = "tests/interop/go_test.ts";
const isLong = Deno.args.includes("--long");
const unknown = Deno.args.find((arg) => arg !== "--long");
if (unknown !== undefined) {
  console.error(`Cannot run the tests against Go: "${unknown}" is no option, only --long is`);
  Deno.exit(2);
}
if (isLong) Deno.env.set("NPWS_INTEROP_LONG", "1"); // for the processes of the steps

const deadlineMs = isLong ? 600_000 : 180_000;
const steps: Step[] = [
  {
    name: `deno ${file}`,
    runtime: "deno",
    args: ["test", "-A", "--no-check", file],
    deadlineMs,
    reportTo: (path) => [`--junit-path=${path}`],
  },
  {
    name: `bun ${file}`,
    runtime: "bun",
    args: ["test", `./${file}`],
    deadlineMs,
    reportTo: (path) => ["--reporter=junit", `--reporter-outfile=${path}`],
  },
];

const build = await buildGoPeer();
if ("missing" in build) console.log(`Cannot run the tests against Go: ${build.missing}`);

const total = { passed: 0, failed: 0, skipped: 0 };
for (const step of steps) {
  const counts = await runStep(step);
  total.passed += counts.passed;
  total.failed += counts.failed;
  total.skipped += counts.skipped;
}
console.log(describeCounts(total));
Deno.exit(total.failed === 0 ? 0 : 1);

/**
 * The test gate: static checks, documentation examples, and every test on both runtimes. Its last line is
 * "N passed, N failed", where a static check counts as one, and it exits with 0 only when nothing failed.
 */
import { debianPrograms, isAvailable } from "../tests/debian_programs.ts";
import { killCommands } from "./command.ts";
import { runStep, type Step } from "./step.ts";
import { describeCounts } from "./test_report.ts";

const minuteMs = 60_000;

/** For all steps together: each has its own deadline or what is left of this, whichever is less. */
const gateDeadlineMs = 14 * minuteMs;

/** How many steps run at a time: most tests wait for sockets and processes for most of their time. */
const workers = 2;

const denoReport = (path: string) => [`--junit-path=${path}`];
const bunReport = (path: string) => ["--reporter=junit", `--reporter-outfile=${path}`];

/** What all else needs. */
function* preparations(): Iterable<Step> {
  yield denoStep("install --frozen", 3 * minuteMs);
  yield { name: "bun --version", runtime: "bun", args: ["--version"], deadlineMs: minuteMs };
}

function* steps(): Iterable<Step> {
  yield denoStep("fmt --check", minuteMs);
  yield denoStep("lint", minuteMs);
  yield denoStep("check --quiet", 2 * minuteMs);
  yield denoStep("doc --lint mod.ts src/relay.ts src/otel.ts", minuteMs);
  yield denoStep("publish --dry-run --allow-dirty", 2 * minuteMs);
  yield { ...denoStep("test -A --doc --reporter=dot mod.ts src README.md", 2 * minuteMs), reportTo: denoReport };
  const files = [...testFiles("tests")].sort();
  for (const file of files) yield denoTests(file);
  for (const file of ["tests/bun_examples.ts", ...files]) yield bunTests(file);
}

/** A process for each file, so that one that hangs or crashes costs no other its run, and is named. */
function denoTests(file: string): Step {
  const args = ["test", "-A", "--no-check", "--reporter=dot", file];
  return { name: `deno ${file}`, runtime: "deno", args, deadlineMs: 3 * minuteMs, reportTo: denoReport };
}

function bunTests(file: string): Step {
  const args = ["test", "--only-failures", `./${file}`];
  return { name: `bun ${file}`, runtime: "bun", args, deadlineMs: 3 * minuteMs, reportTo: bunReport };
}

function denoStep(args: string, deadlineMs: number): Step {
  return { name: `deno ${args}`, runtime: "deno", args: args.split(" "), deadlineMs };
}

function* testFiles(folder: string): Iterable<string> {
  for (const { name, isDirectory } of Deno.readDirSync(folder)) {
    if (isDirectory) yield* testFiles(`${folder}/${name}`);
    else if (name.endsWith("_test.ts")) yield `${folder}/${name}`;
  }
}

async function run(step: Step): Promise<void> {
  const leftMs = Math.max(0, gateDeadlineMs - performance.now());
  const { passed, failed, skipped } = await runStep({ ...step, deadlineMs: Math.min(step.deadlineMs, leftMs) });
  total.passed += passed;
  total.failed += failed;
  total.skipped += skipped;
}

for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) {
  Deno.addSignalListener(signal, () => {
    killCommands();
    Deno.exit(1);
  });
}

const total = { passed: 0, failed: 0, skipped: 0 };
for (const step of preparations()) await run(step);
const missing = debianPrograms.filter((program) => !isAvailable(program)); // tests that need one are counted as skipped
if (missing.length > 0) console.log(`Not to be had here: ${missing.join(", ")}`);
const waiting = [...steps()];
await Promise.all(Array.from({ length: workers }, async () => {
  for (let step = waiting.shift(); step; step = waiting.shift()) await run(step);
}));
console.log(describeCounts(total));
Deno.exit(total.failed === 0 ? 0 : 1);

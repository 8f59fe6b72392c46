/**
 * The test gate: static checks, documentation examples, and every test on both runtimes. Its last line is
 * "N passed, N failed", where a static check counts as one, and it exits with 0 only when nothing failed.
 */
import { debianPrograms, isAvailable } from "../tests/debian_programs.ts";
import { killCommands } from "./command.ts";
import { exitWith, runSteps } from "./run_steps.ts";
import type { Step } from "./step.ts";
import { denoReport, testStep } from "./test_step.ts";

const minuteMs = 60_000;

/** For all steps together: each step gets its own deadline or the time that is left, whichever is less. */
const gateDeadlineMs = 14 * minuteMs;

/** How many steps run at a time: most tests spend most of their time waiting for sockets and processes. */
const workers = 2;

/** The steps that all others depend on. */
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
  yield { ...denoStep("test -A --doc --reporter=dot mod.ts src README.md docs", 2 * minuteMs), reportTo: denoReport };
  const files = [...testFiles("tests")].sort();
  // One process per file: one that hangs or crashes is identified, and does not affect the others.
  for (const file of files) yield testStep("deno", file, 3 * minuteMs);
  for (const file of ["tests/bun_examples.ts", ...files]) yield testStep("bun", file, 3 * minuteMs);
  yield denoStep("run -A --quiet tests/soak/main.ts 1", 3 * minuteMs);
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

for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) {
  Deno.addSignalListener(signal, () => {
    killCommands();
    Deno.exit(1);
  });
}

const deadlineMs = gateDeadlineMs;
const prepared = await runSteps(preparations(), { deadlineMs });
const missing = debianPrograms.filter((program) => !isAvailable(program)); // tests that need a missing program count as skipped
if (missing.length > 0) console.log(`Not to be had here: ${missing.join(", ")}`);
exitWith([...prepared, ...await runSteps(steps(), { deadlineMs, workers })]);

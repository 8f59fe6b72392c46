import { execFileSync } from "node:child_process";
import { existsSync } from "node:fs";
import { readFile, writeFile } from "node:fs/promises";
import { arch, cpus, release, totalmem, type } from "node:os";
import { fileURLToPath } from "node:url";
import { runtimePath } from "../scripts/runtime_path.ts";
import { chart } from "./chart.ts";
import { report } from "./report.ts";
import type { ResultRow } from "./result_row.ts";

/** The results of one case on all pairs. */
export interface CaseResult {
  readonly about: string;
  readonly rounds: number;
  readonly rows: readonly ResultRow[];
}

/** The results of a case, with where and when they were measured. */
export interface KeptResult extends CaseResult {
  readonly measuredOn: string;
  readonly machine: string;
  readonly versions: string;
}

/** The recorded results, by case name. */
export type Results = Record<string, KeptResult>;

const kept = path("results.json");

/** Replaces the earlier results of a case, and writes the report and the chart of all cases. */
export async function addToResults(caseName: string, result: CaseResult): Promise<void> {
  const results: Results = existsSync(kept) ? JSON.parse(await readFile(kept, "utf8")) : {};
  const measuredOn = new Date().toISOString().slice(0, 10);
  results[caseName] = { ...result, measuredOn, machine: machine(), versions: versions() };
  await writeFile(kept, `${JSON.stringify(results, null, 2)}\n`);
  await writeFile(path("RESULTS.md"), report(results));
  await writeFile(path("results.svg"), chart(results));
}

function path(name: string): string {
  return fileURLToPath(new URL(name, import.meta.url));
}

function machine(): string {
  const [{ model }] = cpus();
  const gib = Math.round(totalmem() / 1024 ** 3);
  return `${cpus().length} cores of ${model.trim()}, ${gib} GiB, ${type()} ${release()} ${arch()}`;
}

function versions(): string {
  const [deno] = output(runtimePath("deno"), "--version").split(" (");
  return [deno, `bun ${output(runtimePath("bun"), "--version")}`, goVersion()].filter(Boolean).join(", ");
}

function goVersion(): string {
  try {
    return output("go", "env", "GOVERSION").replace(/^go/, "go ");
  } catch {
    return ""; // not installed
  }
}

function output(program: string, ...args: string[]): string {
  return execFileSync(program, args, { encoding: "utf8", stdio: ["ignore", "pipe", "ignore"] }).trim();
}

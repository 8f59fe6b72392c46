import { fileURLToPath } from "node:url";
import { type RuntimeName, runtimePath } from "../scripts/runtime_path.ts";
import { type SpawnedProgram, spawnProgram } from "./spawn_program.ts";

/** A process of Deno or Bun. Disposing it kills it and waits for it to end. */
export type SpawnedRuntime = SpawnedProgram;

/**
 * Runs a TypeScript file on a runtime, regardless of which one runs the test: `spawnRuntime("bun", new URL("./peer.ts",
 * import.meta.url))`.
 */
export function spawnRuntime(
  runtime: RuntimeName,
  file: URL,
  args: string[] = [],
  options: { keepErrors?: boolean } = {},
): SpawnedRuntime {
  const run = { deno: ["run", "-A", "--quiet", "--no-check"], bun: ["run"] }[runtime];
  return spawnProgram(runtimePath(runtime), [...run, fileURLToPath(file), ...args], options);
}

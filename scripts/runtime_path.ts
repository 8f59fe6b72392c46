import { execFileSync, type ExecFileSyncOptionsWithStringEncoding } from "node:child_process";
import process from "node:process";

/** The versions that everything is checked with. */
const versions = { deno: "2.9.6", bun: "1.4.5" };

const quietly: ExecFileSyncOptionsWithStringEncoding = { encoding: "utf8", stdio: ["ignore", "pipe", "ignore"] };

/** A runtime that the tests run on. */
export type RuntimeName = keyof typeof versions;

/**
 * The program of a runtime: this process's own, the one on PATH if it has the right version, or npm's. The result is stored in
 * the environment (NPWS_DENO, NPWS_BUN), so that child processes reuse it.
 */
export function runtimePath(runtime: RuntimeName): string {
  const variable = `NPWS_${runtime.toUpperCase()}`;
  return process.env[variable] ??= ownPath(runtime) ?? onPath(runtime) ?? fromNpm(runtime);
}

function ownPath(runtime: RuntimeName): string | undefined {
  const own = "Bun" in globalThis ? "bun" : "deno";
  return runtime === own ? process.execPath : undefined;
}

function onPath(runtime: RuntimeName): string | undefined {
  try {
    const output = execFileSync(runtime, ["--version"], quietly);
    return output.split(/\s+/).includes(versions[runtime]) ? runtime : undefined;
  } catch {
    return undefined; // not installed
  }
}

/** Asks the program itself for its path: npx runs a wrapper, which does not forward a kill. */
function fromNpm(runtime: RuntimeName): string {
  const show = { deno: "deno eval -p 'Deno.execPath()'", bun: "bun -p process.execPath" }[runtime];
  const args = ["-y", "-p", `${runtime}@${versions[runtime]}`, "-c", show];
  return execFileSync("npx", args, { ...quietly, timeout: 120_000 }).trim();
}

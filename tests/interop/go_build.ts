import { execFile } from "node:child_process";
import { existsSync } from "node:fs";
import { mkdir, rename } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { fileURLToPath } from "node:url";

/** The peer's program, or the reason why it is not available. */
export type GoBuild = { program: string } | { missing: string };

const source = fileURLToPath(new URL("./go_peer", import.meta.url));
const builds = fileURLToPath(new URL("../../node_modules/.cache/npws_interop", import.meta.url));

const DOWNLOAD_DEADLINE_MS = 30_000;
const BUILD_DEADLINE_MS = 120_000;

/**
 * Builds the Go peer, which takes a second once Go has it in its cache.
 *
 * @throws {Error} The peer does not compile. If Go or the module is not available, that is not an error.
 */
export async function buildGoPeer(): Promise<GoBuild> {
  const go = await findGo();
  if (!go) return { missing: "Go is not installed" };
  const download = await run(go, ["mod", "download"], DOWNLOAD_DEADLINE_MS);
  if (download.failure) return { missing: `its modules cannot be downloaded: ${download.failure}` };
  await mkdir(builds, { recursive: true });
  const program = join(builds, "go_peer");
  const fresh = `${program}-${process.pid}`; // another process may be running the last build, or building too
  const build = await run(go, ["build", "-buildvcs=false", "-o", fresh, "."], BUILD_DEADLINE_MS);
  if (build.failure) throw new Error(`Cannot build the Go peer: ${build.failure}`);
  await rename(fresh, program);
  return { program };
}

async function findGo(): Promise<string | undefined> {
  for (const go of ["go", "/usr/local/go/bin/go"]) {
    if (!(await run(go, ["version"], DOWNLOAD_DEADLINE_MS)).failure) return go;
  }
}

function run(program: string, args: string[], timeout: number): Promise<{ failure?: string }> {
  const options = { cwd: source, env: goEnvironment(), timeout, killSignal: "SIGKILL" } as const;
  return new Promise((resolve) => {
    execFile(program, args, options, (error, _output, errorOutput) => {
      resolve(error ? { failure: lastLine(errorOutput) || error.message } : {});
    });
  });
}

function lastLine(output: string): string {
  return output.trim().split("\n").at(-1)!;
}

/**
 * Disables cgo, so that no C compiler is needed, and uses the installed Go version. Go keeps its caches below the home
 * directory, and fails without one.
 */
function goEnvironment(): NodeJS.ProcessEnv {
  const environment = { ...process.env, GOTOOLCHAIN: "local", CGO_ENABLED: "0" };
  const { HOME } = process.env;
  if (HOME && existsSync(HOME)) return environment;
  const folder = join(tmpdir(), "npws_interop_go");
  return { ...environment, GOPATH: folder, GOMODCACHE: join(folder, "mod"), GOCACHE: join(folder, "cache") };
}

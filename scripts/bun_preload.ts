/** Lays out node_modules before the tests where it is missing: Bun installs packages by itself, but not while it runs tests. */
import { execFileSync } from "node:child_process";
import { existsSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { runtimePath } from "./runtime_path.ts";

const root = fileURLToPath(new URL("..", import.meta.url));
if (!existsSync(`${root}/node_modules`)) execFileSync(runtimePath("deno"), ["install", "--quiet"], { cwd: root });

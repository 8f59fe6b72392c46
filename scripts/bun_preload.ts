/**
 * Installs node_modules before the tests if it is missing: Bun installs packages automatically, but not while it runs tests.
 */
import { execFileSync } from "node:child_process";
import { existsSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { runtimePath } from "./runtime_path.ts";

const root = fileURLToPath(new URL("..", import.meta.url));
if (!existsSync(`${root}/node_modules`)) execFileSync(runtimePath("deno"), ["install", "--quiet"], { cwd: root });

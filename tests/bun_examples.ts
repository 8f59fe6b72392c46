/**
 * Runs each example that `deno test --doc` runs on Deno as a separate program on Bun. Examples that mention Deno are skipped.
 */
import { execFile } from "node:child_process";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import process from "node:process";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { test } from "./harness.ts";
import { sourceFiles } from "./source_file.ts";

const root = fileURLToPath(new URL("..", import.meta.url));
const run = promisify(execFile);

const documents = ["README.md", ...readdirSync(`${root}docs`).map((name) => `docs/${name}`)];

for (const path of [...documents, ...sourceFiles().map((file) => file.path)]) {
  for (const { line, code } of examplesOf(path)) {
    // Run from the root so that Bun finds tsconfig.json, which maps "@npws/pool".
    test(`${path}:${line} runs`, async () => void await run(process.execPath, ["-e", code], { cwd: root }), {
      skip: /\bDeno\b/.test(code),
    });
  }
}

function* examplesOf(path: string): Iterable<{ line: number; code: string }> {
  if (!existsSync(root + path)) return;
  const text = readFileSync(root + path, "utf8");
  // The lines of a documentation comment start with an asterisk.
  for (const { index, 1: prefix, 2: body } of text.matchAll(/^( *\* )?```ts\n([\s\S]*?)^ *(?:\* )?```/gm)) {
    const code = prefix ? body.replace(/^ *\* ?/gm, "").replaceAll("*\\/", "*/") : body;
    yield { line: text.slice(0, index).split("\n").length, code };
  }
}

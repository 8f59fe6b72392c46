import { assertEquals } from "@std/assert";
import { test } from "./harness.ts";
import { type SourceFile, sourceFiles, withoutText } from "./source_file.ts";

/** Which files may import which: a file may import from the rows above its own, and from its own folder. */
const layers = [
  ["src/memory/", "src/describe.ts", "src/stats.ts"],
  ["src/abort_watch.ts", "src/errors.ts", "src/id.ts"],
  ["src/time/"],
  ["src/runtime/"],
  ["src/admission/", "src/environment.ts", "src/events.ts"],
  ["src/link/"],
  ["src/options/", "src/connection/"],
  ["src/dispatch/", "src/relay/"],
  ["src/pool/"],
  ["src/otel/"],
  ["mod.ts", "src/otel.ts", "src/relay.ts"],
];

const codeLinesLimit = 300;

const files = sourceFiles();
const byPath = new Map(files.map((file) => [file.path, file]));

test("source files import no cycles", () => {
  assertEquals(files.filter((file) => reachedFrom(file).has(file.path)).map(({ path }) => path), []);
});

test("every source file is in a layer", () => {
  assertEquals(files.filter(({ path }) => !layerOf(path)).map(({ path }) => path), []);
});

test("layers reach only those above them in the list", () => {
  const upward = files.flatMap((file) =>
    [...reachedFrom(file)].filter((target) => !mayReach(file.path, target)).map((target) =>
      `${file.path} reaches ${target}`
    )
  );
  assertEquals(upward, []);
});

test("only src/runtime/ names Deno or Bun", () => {
  // A string that consists of just the name is another way to reach the global.
  assertEquals(
    pathsOutsideRuntimeWith((code) => /\b(?:Deno|Bun)\b/.test(withoutText(code)) || /"(?:Deno|Bun)"/.test(code)),
    [],
  );
});

test("only src/runtime/ imports modules of Node", () => {
  const outside = files.filter(({ path }) => !path.startsWith("src/runtime/"));
  assertEquals(
    outside.filter(({ packages }) => packages.some((name) => /^node:/.test(name))).map(({ path }) => path),
    [],
  );
});

test("only src/otel.ts and what it alone reaches import @opentelemetry/api", () => {
  const telemetry = files.filter(({ packages }) => packages.includes("@opentelemetry/api")).map(({ path }) => path);
  assertEquals(telemetry.filter((path) => !/^src\/otel(?:\.ts$|\/)/.test(path)), []);
  for (const entry of ["mod.ts", "src/relay.ts"]) {
    const reached = reachedFrom(byPath.get(entry)!);
    assertEquals(telemetry.filter((path) => reached.has(path)), [], entry);
  }
});

test("only src/runtime/ and src/time/clock.ts set timers", () => {
  const timers =
    /(?<![.#\w])(?:setTimeout|setInterval|setImmediate)\s*\(|\bAbortSignal\.timeout\b|\bperformance\.now\b/;
  assertEquals(pathsOutsideRuntimeWith((code) => timers.test(withoutText(code))), ["src/time/clock.ts"]);
});

test(`source files have at most ${codeLinesLimit} lines of code`, () => {
  const sizes = files.map(({ path, code }) => `${path}: ${code.split("\n").filter((line) => line.trim()).length}`);
  assertEquals(sizes.filter((size) => Number(size.split(": ")[1]) > codeLinesLimit), []);
});

function mayReach(from: string, to: string): boolean {
  const [own, other] = [layerOf(from)!, layerOf(to)!];
  return other.row < own.row || (other.name === own.name && own.name.endsWith("/"));
}

function layerOf(path: string): { row: number; name: string } | undefined {
  for (const [row, names] of layers.entries()) {
    const name = names.find((name) => name.endsWith("/") ? path.startsWith(name) : path === name);
    if (name) return { row, name };
  }
}

/** Everything that a file imports, directly or indirectly; the file itself only if it is part of a cycle. */
function reachedFrom(file: SourceFile): Set<string> {
  const reached = new Set<string>();
  const pending = [...file.imports];
  for (let path = pending.pop(); path !== undefined; path = pending.pop()) {
    if (reached.has(path)) continue;
    reached.add(path);
    pending.push(...byPath.get(path)?.imports ?? []);
  }
  return reached;
}

function pathsOutsideRuntimeWith(matches: (code: string) => boolean): string[] {
  return files.filter(({ path, code }) => !path.startsWith("src/runtime/") && matches(code)).map(({ path }) => path);
}

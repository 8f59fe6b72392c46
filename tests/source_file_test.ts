import { assertEquals } from "@std/assert";
import { test } from "./harness.ts";
import { parseSource, withoutText } from "./source_file.ts";

test("parseSource() finds imports of every form, and none in comments", () => {
  const file = parseSource(
    "src/link/a.ts",
    `import { b } from "./b.ts";
import type { c } from "../c.ts";
import {
  d,
} from "@std/d";
export * from "./e.ts";
import "node:f";
const g = await import("./g.ts");
// import { x } from "./x.ts";
/** import { y } from "./y.ts"; */
`,
  );
  assertEquals(file.imports, ["src/link/b.ts", "src/c.ts", "src/link/e.ts", "src/link/g.ts"]);
  assertEquals(file.packages, ["@std/d", "node:f"]);
});

for (
  const [what, code, expected] of [
    ["comments", "a; // Deno\n/* Deno */ b;", "a; \n b;"],
    ["strings", `a("Deno // \\" Deno", 'Deno') + b;`, `a("", "") + b;`],
    ["comment signs in strings", `a("/* "); b(" */");`, `a(""); b("");`],
    ["regular expressions", `a = /["'\`/]\\/Deno/g; b / c / d;`, `a = ""; b / c / d;`],
    ["templates, but not what they compute", "a(`Deno ${b} Deno ${c}`);", "a(b c);"],
    ["templates in templates", "a(`${b ? `Deno` : 1} Deno`); c;", "a(b ? `Deno` : 1); c;"],
  ]
) {
  test(`withoutText() leaves out ${what}`, () => assertEquals(withoutText(parseSource("a.ts", code).code), expected));
}

import { existsSync, readdirSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";

/** A source file of the module, limited to what the architecture rules examine. */
export interface SourceFile {
  /** "src/pool/pool.ts". */
  path: string;
  /** Its text without comments. */
  code: string;
  /** Paths of the source files that it imports or re-exports from, including types. */
  imports: string[];
  /** Specifiers of all other imports. */
  packages: string[];
}

const root = fileURLToPath(new URL("..", import.meta.url));

/** All files of the module. */
export function sourceFiles(): SourceFile[] {
  const paths = readdirSync(`${root}src`, { recursive: true, encoding: "utf8" }).map((path) => `src/${path}`);
  return ["mod.ts", ...paths].filter((path) => path.endsWith(".ts") && existsSync(root + path)).map((path) =>
    parseSource(path, readFileSync(root + path, "utf8"))
  );
}

/** Extracts the code and the imports of a file. */
export function parseSource(path: string, text: string): SourceFile {
  const code = text.replace(token, (found) => /^\/[/*]/.test(found) ? "" : found);
  const specifiers = [...code.matchAll(/\b(?:from|import)[\s(]*"([^"]+)"/g)].map(([, specifier]) => specifier);
  const isLocal = (specifier: string) => /^\.\.?\//.test(specifier);
  return {
    path,
    code,
    imports: specifiers.filter(isLocal).map((specifier) => new URL(specifier, `file:///${path}`).pathname.slice(1)),
    packages: specifiers.filter((specifier) => !isLocal(specifier)),
  };
}

/** The code without the text in its strings and regular expressions; expressions in templates remain. */
export function withoutText(code: string): string {
  return code.replace(token, (found) => {
    if (!found.startsWith("`")) return '""';
    return [...found.matchAll(/\$\{([^}]*)\}/g)].map(([, expression]) => expression).join(" ");
  });
}

/** A comment, a string, a template (which may contain nested templates one level deep), or a regular expression. */
const token = new RegExp(
  [
    String.raw`\/\/[^\n]*`,
    String.raw`\/\*[\s\S]*?\*\/`,
    String.raw`"(?:\\.|[^"\\\n])*"`,
    String.raw`'(?:\\.|[^'\\\n])*'`,
    "`(?:\\\\[\\s\\S]|\\$\\{(?:[^{}`]|`[^`]*`|\\{[^{}]*\\})*\\}|[^`\\\\])*`",
    String.raw`(?<=[=(,:!&|?;{}\[]\s*)\/(?:\\.|\[(?:\\.|[^\]\\\n])*\]|[^\/\\\n\[])+\/[a-z]*`,
  ].join("|"),
  "g",
);

import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";

/** Reads a configuration from this folder and replaces some of its values. Fails if one of them does not occur. */
export function configuration(file: string, values: Readonly<Record<string, string | number>> = {}): string {
  let text = readFileSync(fileURLToPath(new URL(file, import.meta.url)), "utf8");
  for (const [written, value] of Object.entries(values)) {
    if (!text.includes(written)) throw new Error(`Cannot fill in ${file}: it does not have ${written}`);
    text = text.replaceAll(written, () => `${value}`);
  }
  return text;
}

import { assert, assertEquals } from "@std/assert";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { clientSettings } from "../../src/options/client_options.ts";
import { serverSettings } from "../../src/options/server_options.ts";
import { test } from "../harness.ts";

const root = fileURLToPath(new URL("../..", import.meta.url));
const text = readFileSync(`${root}SECURITY.md`, "utf8");

/** The rows of all tables of attacks. */
const rows = text.split("\n").filter((line) => line.startsWith("| ")).map((line) =>
  line.slice(1, -1).split("|").map((cell) => cell.trim())
).filter(([first, , tests]) => tests !== undefined && first !== "Attack" && !first.startsWith("--"));

test("SECURITY.md names tests that exist for each attack", () => {
  assert(rows.length > 20);
  for (const [attack, , tests] of rows) {
    const paths = [...tests.matchAll(/`(tests\/[\w/]+_test\.ts)`/g)].map(([, path]) => path);
    assert(paths.length > 0, attack);
    assertEquals(paths.filter((path) => !existsSync(root + path)), [], attack);
  }
});

test("SECURITY.md names every test of tests/security but its own", () => {
  const files = readdirSync(`${root}tests/security`).filter((name) => name.endsWith("_test.ts"));
  const missing = files.filter((name) => name !== "document_test.ts" && !text.includes(`tests/security/${name}`));
  assertEquals(missing, []);
});

test("SECURITY.md tells the defaults of the code", () => {
  const { tokens: token, allow, origins, ...server } = serverSettings();
  const client = clientSettings({ url: "ws://host:1" });
  const lists = { token, allow, origins: origins[0], trustedProxies: undefined };
  const settings: Record<string, unknown>[] = [{ ...server, ...lists }, { ...client }];
  for (const [attack, defence] of rows) {
    for (const [, name, told] of defence.matchAll(/`(\w+)` \(([\w,]+)\)/g)) {
      const values = settings.filter((known) => name in known).map((known) => inWords(known[name]));
      assert(values.includes(told), `${attack}: ${name} is ${values}, not ${told}`);
    }
  }
});

function inWords(value: unknown): string {
  if (value === undefined) return "none";
  return value === Infinity ? "Infinity" : Number(value).toLocaleString("en");
}

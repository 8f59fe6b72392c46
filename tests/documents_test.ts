import type { PoolConnection, PoolEventMap, PoolStats } from "@npws/pool";
import { assert, assertEquals, assertThrows } from "@std/assert";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { posix } from "node:path";
import { fileURLToPath } from "node:url";
import * as module from "../mod.ts";
import { AddressList } from "../src/admission/address_list.ts";
import { closeSettings } from "../src/options/get_options.ts";
import { Counters } from "../src/stats.ts";
import { Document } from "./document.ts";
import { test } from "./harness.ts";
import { type Keys, type OptionTable, optionTables } from "./option_tables.ts";

const readme = new Document("README.md");
const documents = [readme, ...readdirSync(pathOf("docs")).map((name) => new Document(`docs/${name}`))];

// Options.

for (const table of optionTables) {
  const { section, names } = table;
  const [first] = Object.keys(names);
  const about = `README.md, ${section} (${first}, …)`;

  test(`${about}: every option is told of, and no other`, () => {
    assertEquals([...readme.table(section, first).keys()].sort(), Object.keys(names).sort());
  });

  test(`${about}: the defaults are those of the code`, () => {
    for (const [name, { Default }] of readme.table(section, first)) checkDefault(table, name, Default);
  });

  test(`${about}: the numbers that are allowed are those of the code`, () => {
    for (const [name, { Default, Allowed }] of readme.table(section, first)) {
      const range = parseRange(Allowed);
      if (range) checkRange(table, name, range);
      else assertEquals(typeof parseLiteral(Default) === "number", false, `${name} has no range`);
    }
  });
}

test("README.md tells how long close() lets streams end", () => {
  assert(readme.text.includes(`${closeSettings(undefined).drainMs.toLocaleString("en")} ms by default`));
});

function checkDefault({ required, settings, dependent = {} }: OptionTable, name: string, text: string): void {
  if (text === "required") return void assertThrows(() => settings({ ...required, [name]: undefined }), TypeError);
  if (name in dependent) return assertEquals([text, dependent[name].holds()], [dependent[name].text, true], name);
  const value = settings(required)[name];
  const literal = parseLiteral(text);
  if (literal === undefined) assert(isNothing(value), `${name} is ${value} by default, not ${text}`);
  else assertEquals(value, literal, name);
}

/** A default that is a number, a keyword or a string literal; undefined for a description. */
function parseLiteral(text: string): unknown {
  const number = /^[\d,]+(?= ms$| bytes$|$)/.exec(text);
  if (number) return parseNumber(number[0]);
  if (text === "Infinity") return Infinity;
  return /^(true|false|"[^"]*")$/.test(text) ? JSON.parse(text) : undefined;
}

/** Whether the option is unset, which includes an empty list, an empty set of headers and empty metadata. */
function isNothing(value: unknown): boolean {
  if (value instanceof AddressList) return !value.has("127.0.0.1") && !value.has("::1");
  return value === undefined || value === "" || (typeof value === "object" && Object.keys(value!).length === 0);
}

interface NumberRange {
  readonly min: number;
  /** Undefined if there is no maximum. */
  readonly max: number | undefined;
  readonly orInfinity: boolean;
}

function parseRange(text: string): NumberRange | undefined {
  const match = /^(?:at least ([\d,]+)|([\d,]+) to ([\d,]+))(?: ms| bytes)?(?:,.*)?$/.exec(text);
  if (!match) return undefined;
  const [, least, min, max] = match;
  return {
    min: parseNumber(least ?? min),
    max: max === undefined ? undefined : parseNumber(max),
    orInfinity: text.endsWith("or Infinity"),
  };
}

function parseNumber(text: string): number {
  return Number(text.replaceAll(",", ""));
}

/** Options that limit each other: the partner is set to the same value, so that the full range of each can be tested. */
const partners: Readonly<Record<string, string>> = {
  minIntervalMs: "maxIntervalMs",
  maxIntervalMs: "minIntervalMs",
  windowBytes: "maxWindowBytes",
  maxWindowBytes: "windowBytes",
};

function checkRange({ required, settings }: OptionTable, name: string, { min, max, orInfinity }: NumberRange): void {
  const partner = partners[name];
  const read = (value: number) => settings({ ...required, ...(partner && { [partner]: value }), [name]: value })[name];
  const refused = (value: number) => assertThrows(() => read(value), RangeError, undefined, `${name}: ${value}`);
  for (const value of [min, max ?? min + 1]) assertEquals(read(value), value, name);
  refused(min - 1);
  if (max !== undefined) refused(max + 1);
  if (orInfinity) assertEquals(read(Infinity), Infinity, name);
  else refused(Infinity);
}

// Exports.

const members: Keys<PoolConnection> = {
  id: true,
  protocol: true,
  readable: true,
  writable: true,
  opened: true,
  closed: true,
  metadata: true,
  peer: true,
  localAddress: true,
  remoteAddress: true,
  tls: true,
  bytesRead: true,
  bytesWritten: true,
  close: true,
  abort: true,
};

test("README.md tells of every member of a connection", () => {
  const told = [...readme.table("Using a connection", "readable").keys()].join(", ").match(/\w+/g)!;
  assertEquals(Object.keys(members).filter((name) => !told.includes(name)), []);
});

const events: Keys<PoolEventMap> = { linkopen: true, linkclose: true, dialerror: true, refuse: true, resize: true };

test("README.md tells of every event", () => {
  assertEquals(
    [...readme.table("Events and statistics", "linkopen").keys()].sort(),
    Object.keys(events).sort(),
  );
});

const gauges: Keys<Omit<PoolStats, keyof Counters>> = {
  idle: true,
  inUse: true,
  dialing: true,
  waiting: true,
  capacity: true,
  intervalMs: true,
  links: true,
};

test("README.md tells of every statistic, and whether it is a gauge or a counter", () => {
  const rows = [...readme.table("Events and statistics", "idle")];
  const ofKind = (kind: string) => rows.filter(([, { Kind }]) => Kind === kind).map(([name]) => name);
  assertEquals(ofKind("gauge"), Object.keys(gauges));
  assertEquals([...ofKind("counter"), ...ofKind("latest")].sort(), Object.keys(new Counters()).sort());
});

test("README.md tells of every class of errors", () => {
  const isError = (value: unknown) => typeof value === "function" && value.prototype instanceof Error;
  const classes = Object.entries(module).filter(([, value]) => isError(value)).map(([name]) => name);
  assertEquals([...readme.table("Errors", "PoolError").keys()].sort(), classes.sort());
});

// Links.

test("README.md lists all its chapters in its contents", () => {
  const { text } = readme.sections.find(({ title }) => title === "Contents")!;
  const chapters = readme.sections.filter(({ level, title }) => level === 2 && title !== "Contents");
  assertEquals(
    [...text.matchAll(/^- \[(.*)\]\((#.*)\)$/gm)].map(([, title, target]) => [title, target]),
    chapters.map(({ title, anchor }) => [title, `#${anchor}`]),
  );
});

test("README.md leads to every document of docs/", () => {
  assertEquals(documents.slice(1).map(({ path }) => path).filter((path) => !readme.links.includes(path)), []);
});

for (const document of documents) {
  test(`${document.path} links to sections and files that exist`, () => {
    const anchors = anchorsOf(document);
    assertEquals(anchors.filter((anchor, index) => anchors.indexOf(anchor) !== index), []);
    assertEquals(document.links.filter((target) => !target.startsWith("https://") && !isThere(document, target)), []);
  });
}

function isThere({ path }: Document, link: string): boolean {
  const [file, anchor] = link.split("#");
  const target = file ? posix.join(posix.dirname(path), file) : path;
  const document = documents.find((document) => document.path === target);
  return anchor ? document !== undefined && anchorsOf(document).includes(anchor) : existsSync(pathOf(target));
}

function anchorsOf({ sections }: Document): string[] {
  return sections.map(({ anchor }) => anchor);
}

for (const path of ["examples/quick_start_server.ts", "examples/quick_start_client.ts"]) {
  test(`README.md shows ${path} as it is`, () => {
    const code = readFileSync(pathOf(path), "utf8").replace(/^\/\*\*[\s\S]*?\*\/\n/, "");
    assert(readme.text.includes(`\`\`\`ts ignore\n${code}\`\`\`\n`));
  });
}

for (
  const [language, path] of [["nginx", "tests/proxy/nginx_pool.conf"], ["haproxy", "tests/proxy/haproxy_pool.cfg"]]
) {
  test(`docs/proxies.md shows ${path}, which tests run, as it is`, () => {
    assert(
      new Document("docs/proxies.md").text.includes(`\`\`\`${language}\n${readFileSync(pathOf(path), "utf8")}\`\`\`\n`),
    );
  });
}

function pathOf(path: string): string {
  return fileURLToPath(new URL(`../${path}`, import.meta.url));
}

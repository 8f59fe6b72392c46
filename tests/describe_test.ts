import { assertEquals } from "@std/assert";
import { describe, describeType, printable } from "../src/describe.ts";
import { test } from "./harness.ts";

class Custom {}

test("describe() shows texts quoted, numbers as they are, everything else by its type", () => {
  const cases: [unknown, string][] = [
    ["on", '"on"'],
    ['say "hi"\n', '"say \\"hi\\"\\n"'],
    ["", '""'],
    ["x".repeat(64), `"${"x".repeat(64)}"`],
    ["x".repeat(65), `"${"x".repeat(64)}…"`],
    ["-----BEGIN PRIVATE KEY-----\nMC4C", "PEM text"],
    [2.5, "2.5"],
    [-0, "0"],
    [NaN, "NaN"],
    [Infinity, "Infinity"],
    [5n, "5n"],
    [true, "true"],
    [undefined, "undefined"],
    [null, "null"],
    [[1], "an array"],
    [{ secret: 1 }, "an object"],
    [Object.create(null), "an object"],
    [new Custom(), "an instance of Custom"],
    [() => 1, "a function"],
    [Symbol("x"), "a symbol"],
  ];
  for (const [value, text] of cases) assertEquals(describe(value), text);
});

test("describeType() shows nothing of a text but whether it is empty", () => {
  assertEquals(describeType("secret"), "a string");
  assertEquals(describeType(""), "an empty string");
  assertEquals(describeType(5), "a number");
  assertEquals(describeType(undefined), "undefined");
  assertEquals(describeType(null), "null");
});

test("printable() keeps text, and replaces what could forge a log or change what a terminal shows", () => {
  const cases: [string, string][] = [
    ["no room", "no room"],
    ["größer, 日本, 👍", "größer, 日本, 👍"],
    ["", ""],
    ["a\nb\r\nc\td", "a\ufffdb\ufffd\ufffdc\ufffdd"],
    ["\x1b[2J\x00\x7f\x9b", "\ufffd[2J\ufffd\ufffd\ufffd"],
    ["\u2028\u2029\u202e\u2066\u200b\ufeff", "\ufffd".repeat(6)],
    ["x".repeat(256), "x".repeat(256)],
    ["x".repeat(257), `${"x".repeat(256)}…`],
    [`${"x".repeat(255)}👍`, `${"x".repeat(255)}\ufffd…`],
  ];
  for (const [text, shown] of cases) assertEquals(printable(text), shown);
});

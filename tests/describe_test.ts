import { assertEquals } from "@std/assert";
import { describe, describeType } from "../src/describe.ts";
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

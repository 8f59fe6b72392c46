import { assertEquals, assertMatch, assertNotEquals, assertThrows } from "@std/assert";
import { FIRST_ID, formatId, idBytes, IdSpace, parseId, randomId } from "../src/id.ts";
import { test } from "./harness.ts";

test("parseId() takes 8 hex digits in any case and returns lower case", () => {
  assertEquals(parseId("a1b2c3d4"), "a1b2c3d4");
  assertEquals(parseId("A1B2c3D4"), "a1b2c3d4");
  assertEquals(parseId("00000000"), FIRST_ID);
});

test("parseId() rejects everything else and names what it got", () => {
  const cases: [unknown, string][] = [
    ["", 'got ""'],
    ["zz", 'got "zz"'],
    ["1234567", 'got "1234567"'],
    ["123456789", 'got "123456789"'],
    ["0x123456", 'got "0x123456"'],
    ["1234567g", 'got "1234567g"'],
    ["12345678\n", 'got "12345678\\n"'],
    [" 1234567", 'got " 1234567"'],
    [12345678, "got 12345678"],
    [undefined, "got undefined"],
    [null, "got null"],
    [["12345678"], "got an array"],
    [new Uint8Array(4), "got an instance of Uint8Array"],
  ];
  for (const [id, got] of cases) {
    assertThrows(() => parseId(id as string), TypeError, `Cannot read link id: must be 8 hex digits, ${got}`);
  }
});

test("parseId() quotes no more than the head of a long text", () => {
  const error = assertThrows(() => parseId("f".repeat(100_000)), TypeError);
  assertEquals(error.message, `Cannot read link id: must be 8 hex digits, got "${"f".repeat(64)}…"`);
});

test("formatId() and idBytes() are each other's inverse", () => {
  assertEquals(formatId(new Uint8Array([0xa1, 0xb2, 0xc3, 0x04])), "a1b2c304");
  assertEquals(idBytes("A1B2C304"), new Uint8Array([0xa1, 0xb2, 0xc3, 0x04]));
  assertEquals(formatId(idBytes("00000000")), "00000000");
});

test("formatId() rejects what is not 4 bytes", () => {
  assertThrows(() => formatId(new Uint8Array(3)), RangeError, "must be 4 bytes, got 3");
  assertThrows(() => formatId(new Uint8Array(5)), RangeError, "must be 4 bytes, got 5");
});

test("randomId() is a valid id, and not the same one twice", () => {
  assertMatch(randomId(), /^[0-9a-f]{8}$/);
  assertNotEquals(`${randomId()}${randomId()}`, `${randomId()}${randomId()}`);
});

test("IdSpace.allocate() starts with 00000000 and never hands it out again", () => {
  const random = ["00000000", "0000000a", "00000000", "0000000b"];
  const ids = new IdSpace(() => random.shift()!);
  assertEquals(ids.allocate(), "00000000");
  ids.release("00000000");
  assertEquals(ids.allocate(), "0000000a");
  assertEquals(ids.allocate(), "0000000b");
});

test("IdSpace.allocate() skips ids in use and takes released ones again", () => {
  const random = ["0000000a", "0000000a", "0000000b", "0000000a", "0000000b", "0000000c"];
  const ids = new IdSpace(() => random.shift()!);
  ids.allocate();
  assertEquals(ids.allocate(), "0000000a");
  assertEquals(ids.allocate(), "0000000b");
  ids.release("0000000a");
  ids.release("0000000a");
  assertEquals(ids.allocate(), "0000000a");
  assertEquals(ids.allocate(), "0000000c");
});

test("IdSpace.allocate() never has two alike among thousands", () => {
  const ids = new IdSpace();
  const allocated = new Set(Array.from({ length: 5_000 }, () => ids.allocate()));
  assertEquals(allocated.size, 5_000);
});

import { assert, assertEquals, assertFalse } from "@std/assert";
import { AddressList, parseRange } from "../../src/admission/address_list.ts";
import { test } from "../harness.ts";

test("AddressList.has() finds addresses by range, IPv4-mapped ones as IPv4, zones left aside", () => {
  const cases: [string, string, boolean][] = [
    ["192.0.2.7", "192.0.2.7", true],
    ["192.0.2.7", "192.0.2.8", false],
    ["192.0.2.7", "::ffff:192.0.2.7", true],
    ["192.0.2.7", "::FFFF:c000:207", true],
    ["::ffff:192.0.2.7", "192.0.2.7", true],
    ["10.0.0.0/8", "10.255.0.1", true],
    ["10.0.0.0/8", "11.0.0.1", false],
    ["10.1.2.3/8", "10.255.0.1", true],
    ["10.0.0.0/31", "10.0.0.1", true],
    ["10.0.0.0/31", "10.0.0.2", false],
    ["0.0.0.0/0", "203.0.113.9", true],
    ["0.0.0.0/0", "2001:db8::1", false],
    ["::/0", "2001:db8::1", true],
    ["::/0", "192.0.2.7", false],
    ["0.0.0.0/0", "::192.0.2.7", false], // IPv4-compatible, which is not IPv4-mapped (RFC 4291 section 2.5.5)
    ["::/0", "::192.0.2.7", true],
    ["::ffff:10.0.0.0/104", "10.9.9.9", true],
    ["::ffff:10.0.0.0/104", "11.9.9.9", false],
    ["::ffff:0.0.0.0/96", "203.0.113.9", true],
    ["2001:db8::/32", "2001:db8:1::1", true],
    ["2001:db8::/32", "2001:db9::1", false],
    ["2001:DB8:0:0::1", "2001:db8::1", true],
    ["fe80::/10", "fe80::1%eth0", true],
    ["fe80::1", "fe80::1%12", true],
    ["::1", "127.0.0.1", false],
  ];
  for (const [range, address, isIn] of cases) {
    const parsed = parseRange(range);
    assert(parsed, range);
    assertEquals(new AddressList([parsed]).has(address), isIn, `${address} in ${range}`);
  }
});

test("AddressList.has() looks through all ranges", () => {
  const list = new AddressList([parseRange("10.0.0.0/8")!, parseRange("::1")!]);
  assert(list.has("::1"));
  assert(list.has("10.0.0.1"));
  assertFalse(list.has("192.0.2.7"));
});

test("AddressList.has() is false for what is unknown or no address, even in a range of all", () => {
  const everything = new AddressList([parseRange("0.0.0.0/0")!, parseRange("::/0")!]);
  for (const address of [undefined, "", "localhost", "10.0.0", "010.0.0.1", "0x0a.0.0.1", "1.2.3.4%eth0", "[::1]"]) {
    assertFalse(everything.has(address), `${address}`);
  }
  assertFalse(new AddressList([]).has("192.0.2.7"));
});

test("parseRange() refuses what another reader could read differently", () => {
  const bad = [
    "",
    "10",
    "10.0.0",
    "10.0.0.256",
    "010.0.0.1",
    "0x0a.0.0.1",
    "10.0.0.1 ",
    "10.0.0.0/33",
    "10.0.0.0/-1",
    "10.0.0.0/08",
    "10.0.0.0/",
    "10.0.0.0/8/8",
    "10.0.0.0/255.0.0.0",
    "/8",
    "::/129",
    ":::1",
    "::ffff:010.0.0.1",
    "::ffff:10.0.0.0/95",
    "[::1]",
    "fe80::1%eth0",
    "fe80::%eth0/10",
    "example.com",
    "*",
  ];
  for (const text of bad) assertEquals(parseRange(text), undefined, text);
});

import { assertEquals } from "@std/assert";
import { canonicalAddress, netAddress } from "../../src/runtime/address.ts";
import { test } from "../harness.ts";

for (
  const [given, shown] of [
    ["192.0.2.1", "192.0.2.1"],
    ["::ffff:192.0.2.1", "192.0.2.1"],
    ["::FFFF:c000:0201", "192.0.2.1"],
    ["::ffff:0:1", "0.0.0.1"],
    ["fe80::1%eth0", "fe80::1"],
    ["2001:db8::1", "2001:db8::1"],
    ["localhost", "localhost"],
  ]
) {
  test(`netAddress() shows ${given} as ${shown}`, () => {
    assertEquals(netAddress(given, 80), { hostname: shown, port: 80, transport: "tcp" });
  });
}

test("netAddress() is undefined without a hostname", () => {
  assertEquals([netAddress(undefined, 1), netAddress("", 1)], [undefined, undefined]);
});

test("netAddress() shows port 0 where it is not told", () => {
  assertEquals(netAddress("192.0.2.1", undefined)?.port, 0);
});

test("canonicalAddress() gives one spelling for one address", () => {
  const cases: [string, string | undefined][] = [
    ["192.0.2.7", "192.0.2.7"],
    ["::ffff:192.0.2.7", "192.0.2.7"],
    ["::ffff:0:0", "0.0.0.0"],
    ["::192.0.2.7", "::c000:207"],
    ["1:0:0:2:0:0:0:3", "1:0:0:2::3"],
    ["2001:DB8:0:0:0:0:0:1", "2001:db8::1"],
    ["fe80::1%eth0", "fe80::1"],
    ["::", "::"],
    ["::1", "::1"],
    ["localhost", undefined],
    ["", undefined],
  ];
  for (const [text, canonical] of cases) assertEquals(canonicalAddress(text), canonical, text);
});

import { assert, assertEquals, assertFalse } from "@std/assert";
import { AddressList, parseRange } from "../../src/admission/address_list.ts";
import { clientAddress, isOriginAllowed, TokenList } from "../../src/admission/admission.ts";
import { test } from "../harness.ts";

const PROXIES = new AddressList([parseRange("10.0.0.0/8")!, parseRange("2001:db8::/32")!]);

test("clientAddress() is the rightmost address that is no trusted proxy", () => {
  const cases: [string | undefined, string | null, string | undefined][] = [
    // The peer itself is the client.
    ["192.0.2.7", null, "192.0.2.7"],
    ["::ffff:192.0.2.7", null, "192.0.2.7"],
    ["fe80::1%eth0", null, "fe80::1"],
    // An untrusted peer's header is not believed.
    ["192.0.2.7", "203.0.113.9", "192.0.2.7"],
    ["192.0.2.7", "nonsense", "192.0.2.7"],
    // Behind proxies.
    ["10.0.0.1", "203.0.113.9", "203.0.113.9"],
    ["::ffff:10.0.0.1", "203.0.113.9", "203.0.113.9"],
    ["10.0.0.1", "198.51.100.1, 203.0.113.9", "203.0.113.9"],
    ["10.0.0.1", "198.51.100.1,203.0.113.9,10.0.0.3 , 2001:db8::2", "203.0.113.9"],
    ["10.0.0.1", "::ffff:203.0.113.9", "203.0.113.9"],
    ["10.0.0.1", "203.0.113.9:51234", "203.0.113.9"],
    ["10.0.0.1", "[2001:db9::1]:51234", "2001:db9::1"],
    ["10.0.0.1", "[2001:db9::1]", "2001:db9::1"],
    // Whatever is further left was written by the client.
    ["10.0.0.1", "nonsense, 203.0.113.9", "203.0.113.9"],
    // Only proxies: the leftmost.
    ["10.0.0.1", null, "10.0.0.1"],
    ["10.0.0.1", "", "10.0.0.1"],
    ["10.0.0.1", " ", "10.0.0.1"],
    ["10.0.0.1", "10.0.0.3, 10.0.0.2", "10.0.0.3"],
    // Unknown.
    [undefined, null, undefined],
    [undefined, "203.0.113.9", undefined],
    ["/run/pool.sock", "203.0.113.9", undefined],
    ["10.0.0.1", "nonsense", undefined],
    ["10.0.0.1", "unknown", undefined],
    ["10.0.0.1", "203.0.113.9, nonsense, 10.0.0.2", undefined],
    ["10.0.0.1", "203.0.113.9,", undefined],
    ["10.0.0.1", ",", undefined],
    ["10.0.0.1", "203.0.113.9:", undefined],
    ["10.0.0.1", "2001:db9::1]:80", undefined],
    ["10.0.0.1", "203.0.113.09", undefined],
  ];
  for (const [peer, forwarded, client] of cases) {
    assertEquals(clientAddress(peer, forwarded, PROXIES), client, `${peer}, ${JSON.stringify(forwarded)}`);
  }
});

test("clientAddress() believes nobody without trusted proxies", () => {
  assertEquals(clientAddress("10.0.0.1", "203.0.113.9", new AddressList([])), "10.0.0.1");
});

test("isOriginAllowed() takes requests without Origin and listed ones, compared exactly", () => {
  const origins = ["https://example.com", "http://localhost:8080"];
  const cases: [string | null, boolean][] = [
    [null, true],
    ["https://example.com", true],
    ["http://localhost:8080", true],
    ["http://example.com", false],
    ["https://example.com:8443", false],
    ["https://example.com.evil.test", false],
    ["https://example.co", false],
    ["null", false],
    ["", false],
  ];
  for (const [origin, isAllowed] of cases) assertEquals(isOriginAllowed(origin, origins), isAllowed, `${origin}`);
  assertFalse(isOriginAllowed("https://example.com", []));
});

test("TokenList.accepts() takes each listed token, whole, in a Bearer header", () => {
  const tokens = new TokenList(["first-token", "second", "third.token=="]);
  for (const header of ["Bearer first-token", "Bearer second", "bearer third.token==", "BEARER  second"]) {
    assert(tokens.accepts(header), header);
  }
  const refused = [
    null,
    "",
    "Bearer",
    "Bearer ",
    "Bearer first",
    "Bearer first-tokens",
    "Bearer first-toke\0",
    "Bearer First-token",
    "Bearer secon",
    "Bearer second second",
    "Bearer seconf",
    "Bearer\tsecond",
    "Basic second",
    "second",
    " Bearer second",
    "Bearer first-token, Bearer second",
    "Bearer sécond",
  ];
  for (const header of refused) assertFalse(tokens.accepts(header), `${header}`);
});

test("TokenList.accepts() takes nothing when it has no token", () => {
  assertFalse(new TokenList([]).accepts("Bearer anything"));
});

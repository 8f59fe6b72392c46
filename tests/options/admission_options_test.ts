import { assert, assertEquals, assertFalse, assertThrows } from "@std/assert";
import { type ServerPoolOptions, serverSettings } from "../../src/options/server_options.ts";
import { test } from "../harness.ts";

function refusal(options: unknown): string {
  const { message } = assertThrows(() => serverSettings(options as ServerPoolOptions), TypeError);
  return message.replace("Cannot create ServerPool: ", "");
}

test("allow and trustedProxies take one address or range, or a list", () => {
  for (const addresses of ["10.0.0.0/8", ["192.0.2.7", "10.0.0.0/8"]]) {
    const { allow, trustedProxies } = serverSettings({ allow: addresses, trustedProxies: addresses });
    assert(allow?.has("::ffff:10.1.2.3"));
    assertFalse(allow.has("203.0.113.9"));
    assert(trustedProxies.has("10.1.2.3"));
  }
  assertFalse(serverSettings({ trustedProxies: [] }).trustedProxies.has("10.1.2.3"));
});

test("allow and trustedProxies refuse what is no address, and name it", () => {
  const must = "must be an IP address or CIDR range, or a";
  assertEquals(refusal({ allow: "10.0.0.0/33" }), `allow ${must} non-empty list of them, got "10.0.0.0/33"`);
  assertEquals(refusal({ allow: ["::1", "localhost"] }), `allow ${must} non-empty list of them, got "localhost"`);
  assertEquals(refusal({ allow: "" }), `allow ${must} non-empty list of them, got ""`);
  assertEquals(refusal({ allow: "::1, 10.0.0.1" }), `allow ${must} non-empty list of them, got "::1, 10.0.0.1"`);
  assertEquals(refusal({ allow: [] }), `allow ${must} non-empty list of them, got an empty list`);
  assertEquals(refusal({ trustedProxies: ["10/8"] }), `trustedProxies ${must} list of them, got "10/8"`);
  assertEquals(refusal({ trustedProxies: [5] }), `trustedProxies ${must} list of them, got a number`);
});

test("token of a server is one or a list", () => {
  assert(serverSettings({ token: "one" }).tokens?.accepts("Bearer one"));
  const { tokens } = serverSettings({ token: ["one", "two"] });
  assert(tokens?.accepts("Bearer two"));
  assertFalse(tokens.accepts("Bearer three"));
});

test("token of a server that no client could send is refused and never shown", () => {
  const must = "token must be printable ASCII without spaces, or a non-empty list of such strings";
  assertEquals(refusal({ token: "" }), `${must}, got an empty string`);
  assertEquals(refusal({ token: "a secret" }), `${must}, got a string with other characters`);
  assertEquals(refusal({ token: ["secret", "secr€t"] }), `${must}, got a string with other characters`);
  assertEquals(refusal({ token: ["secret", 5] }), `${must}, got a number`);
  assertEquals(refusal({ token: [] }), `${must}, got an empty list`);
});

test("origins are taken as browsers send them", () => {
  const origins = ["https://example.com", "http://localhost:8080", "http://[::1]:8080", "chrome-extension://abcdef"];
  assertEquals(serverSettings({ origins }).origins, origins);
  assertEquals(serverSettings({ origins: [] }).origins, []);
});

test("origins that no browser would send are refused", () => {
  const must = `origins must be a list of origins as browsers send them, like "https://example.com"`;
  const bad = [
    "*",
    "null",
    "",
    "example.com",
    "https://example.com/",
    "https://example.com/a",
    "https://Example.com",
    "https://example.com:443",
    "https://user@example.com",
    "https://exa mple.com",
    "https://*.example.com",
    "https://[::g]",
  ];
  for (const origin of bad) assertEquals(refusal({ origins: [origin] }), `${must}, got "${origin}"`);
  assertEquals(refusal({ origins: "https://example.com" }), `${must}, got a string`);
  assertEquals(refusal({ origins: [5] }), `${must}, got a number`);
});

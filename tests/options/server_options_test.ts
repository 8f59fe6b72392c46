import { assert, assertEquals, assertStrictEquals, assertThrows } from "@std/assert";
import { type ServerPoolOptions, serverSettings } from "../../src/options/server_options.ts";
import { test } from "../harness.ts";

const CERT = "-----BEGIN CERTIFICATE-----\nMAo=\n-----END CERTIFICATE-----\n";
const KEY = "-----BEGIN PRIVATE KEY-----\nMAo=\n-----END PRIVATE KEY-----\n";

/** The message of the error for these options, without its first part, which is always the same. */
function refusal(options: unknown, errorClass: typeof TypeError | typeof RangeError = TypeError): string {
  const { message } = assertThrows(() => serverSettings(options as ServerPoolOptions), errorClass);
  const action = "Cannot create ServerPool: ";
  assert(message.startsWith(action), message);
  return message.slice(action.length);
}

test("serverSettings() lets no message of a pool of npws/2 alone grow beyond 128 KiB", () => {
  assertEquals(serverSettings({ protocol: 2 }).listen.maxMessageBytes, 131_072);
});

test("serverSettings() fills in the defaults of the contract", () => {
  const settings = serverSettings();
  assertEquals(settings.listen, { hostname: "0.0.0.0", port: 0, tls: undefined, maxMessageBytes: undefined });
  const { path, maxCapacity, maxLinks, allow, tokens, origins, authorize } = settings;
  assertEquals({ path, maxCapacity, maxLinks, allow, tokens, origins, authorize }, {
    path: undefined,
    maxCapacity: 100,
    maxLinks: Infinity,
    allow: undefined,
    tokens: undefined,
    origins: [],
    authorize: undefined,
  });
  assertEquals(settings.trustedProxies.has("127.0.0.1"), false);
  assertEquals(serverSettings({}).listen, settings.listen);
});

test("serverSettings() freezes what it returns", () => {
  const settings = serverSettings({ tls: { cert: CERT, key: KEY }, origins: ["https://example.com"] });
  for (const part of [settings, settings.listen, settings.listen.tls, settings.origins]) assert(Object.isFrozen(part));
});

test("serverSettings() takes its options up to their bounds", () => {
  assertEquals(serverSettings({ port: 65_535 }).listen.port, 65_535);
  assertEquals(serverSettings({ maxCapacity: 1, maxLinks: 1 }).maxLinks, 1);
  assertEquals(serverSettings({ maxCapacity: 1_000_000 }).maxCapacity, 1_000_000);
  const authorize = () => true;
  assertStrictEquals(serverSettings({ authorize }).authorize, authorize);
});

test("serverSettings() throws a RangeError that names the option and the value", () => {
  const cases: [ServerPoolOptions, string][] = [
    [{ port: -1 }, "port must be an integer from 0 to 65535, got -1"],
    [{ port: 65_536 }, "port must be an integer from 0 to 65535, got 65536"],
    [{ port: 80.5 }, "port must be an integer from 0 to 65535, got 80.5"],
    [{ maxCapacity: 0 }, "maxCapacity must be an integer from 1 to 1000000, got 0"],
    [{ maxCapacity: Infinity }, "maxCapacity must be an integer from 1 to 1000000, got Infinity"],
    [{ maxLinks: 0 }, "maxLinks must be an integer from 1 to 1000000, or Infinity, got 0"],
    [{ maxLinks: -Infinity }, "maxLinks must be an integer from 1 to 1000000, or Infinity, got -Infinity"],
  ];
  for (const [options, message] of cases) assertEquals(refusal(options, RangeError), message);
});

test("serverSettings() throws a TypeError for each option of a wrong type", () => {
  const names = [
    "hostname",
    "port",
    "path",
    "maxCapacity",
    "maxLinks",
    "allow",
    "trustedProxies",
    "tls",
    "token",
    "origins",
    "authorize",
  ];
  for (const name of names) {
    for (const value of [null, true, 5n, Symbol("x")]) assert(refusal({ [name]: value }).startsWith(name), name);
  }
  assertEquals(refusal({ port: "80" }), 'port must be an integer from 0 to 65535, got "80"');
  assertEquals(refusal({ authorize: {} }), "authorize must be a function, got an object");
});

test("serverSettings() throws a TypeError for options that are unknown or no object", () => {
  assertEquals(refusal({ hostName: "x" }), 'unknown option "hostName" (did you mean hostname?), got a string');
  assertEquals(refusal({ url: "ws://localhost" }), 'unknown option "url", got a string');
  assertEquals(refusal(null), "options must be an object, got null");
  assertEquals(refusal(8080), "options must be an object, got 8080");
});

test("hostname is an address or a name, without port and brackets", () => {
  for (const hostname of ["0.0.0.0", "::", "::1", "fe80::1%eth0", "localhost", "pool.example.com"]) {
    assertEquals(serverSettings({ hostname }).listen.hostname, hostname);
  }
  const must = "hostname must be an IP address (IPv6 without brackets) or a host name";
  for (const hostname of ["", "[::1]", "localhost:80", "http://localhost", "a b", "::g"]) {
    assertEquals(refusal({ hostname }), `${must}, got ${JSON.stringify(hostname)}`);
  }
});

test("path is one that a URL can have", () => {
  for (const path of ["/", "/links", "/a/b/", "/a%20b", "//a", "/~x;y=1"]) {
    assertEquals(serverSettings({ path }).path, path);
  }
  for (const path of ["", "links", "/a b", "/a/../b", "/a?b", "/a#b", "/ä", "/a\\b", "http://host/a"]) {
    assertEquals(
      refusal({ path }),
      `path must be a path as it appears in a URL, starting with "/", got ${JSON.stringify(path)}`,
    );
  }
});

test("tls of a server has a certificate and its key", () => {
  const bare = { cert: CERT, key: KEY, ca: undefined, requireClientCertificate: false };
  assertEquals(serverSettings({ tls: { cert: CERT, key: KEY } }).listen.tls, bare);
  const all = { cert: CERT, key: KEY, ca: CERT, requireClientCertificate: true };
  assertEquals(serverSettings({ tls: all }).listen.tls, all);
});

test("tls of a server that is not complete is refused, and nothing of it is shown", () => {
  const cases: [unknown, string][] = [
    ["off", "tls must be an object, got a string"],
    [{ key: KEY }, "tls.cert must be given together with tls.key, got undefined"],
    [{ cert: CERT }, "tls.key must be given together with tls.cert, got undefined"],
    [{ cert: KEY, key: CERT }, "tls.cert must be PEM text with a CERTIFICATE, got PEM text with PRIVATE KEY"],
    [{ cert: CERT, key: 5 }, "tls.key must be PEM text with a PRIVATE KEY that is not encrypted, got a number"],
    [{ cert: CERT, key: KEY, ca: "x" }, "tls.ca must be PEM text with a CERTIFICATE, got a string"],
    [
      { cert: CERT, key: KEY, requireClientCertificate: true },
      "tls.ca must be given together with tls.requireClientCertificate, got undefined",
    ],
    [
      { cert: CERT, key: KEY, ca: CERT, requireClientCertificate: 1 },
      "tls.requireClientCertificate must be true or false, got 1",
    ],
    [{ cert: CERT, keys: KEY }, 'unknown option "tls.keys" (did you mean tls.key?), got a string'],
  ];
  for (const [tls, message] of cases) assertEquals(refusal({ tls }), message);
});

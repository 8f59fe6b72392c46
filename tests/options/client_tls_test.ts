import { assertEquals, assertThrows } from "@std/assert";
import { type ClientPoolOptions, clientSettings } from "../../src/options/client_options.ts";
import { test } from "../harness.ts";

const CERT = "-----BEGIN CERTIFICATE-----\nMAo=\n-----END CERTIFICATE-----\n";
const KEY = "-----BEGIN PRIVATE KEY-----\nMAo=\n-----END PRIVATE KEY-----\n";
const PIN = "0123456789abcdef".repeat(4);

/** The TLS settings of the dials. */
function dialTls(tls: unknown, url = "localhost:443") {
  return clientSettings({ url, tls } as ClientPoolOptions).dial.tls;
}

test("tls follows the scheme of url when it is not given", () => {
  assertEquals(dialTls(undefined, "localhost:443"), { mode: "verified" });
  assertEquals(dialTls(undefined, "wss://localhost"), { mode: "verified" });
  assertEquals(dialTls(undefined, "ws://localhost"), undefined);
});

test("tls takes the modes by name where the scheme allows them", () => {
  assertEquals(dialTls("off"), undefined);
  assertEquals(dialTls("off", "ws://localhost"), undefined);
  assertEquals(dialTls("self-signed"), { mode: "self-signed" });
  assertEquals(dialTls("self-signed", "wss://localhost"), { mode: "self-signed" });
  assertEquals(dialTls("verified", "wss://localhost"), { mode: "verified" });
});

test("tls as an object is normalized", () => {
  const all = { caCerts: [CERT, CERT], cert: CERT + CERT, key: KEY, serverName: "pool.example.com" };
  assertEquals(dialTls({ mode: "verified", ...all, pinSha256: PIN.toUpperCase() }), {
    mode: "verified",
    ...all,
    pinSha256: [PIN],
  });
  const bare = { caCerts: undefined, cert: undefined, key: undefined, serverName: undefined };
  const withColons = PIN.toUpperCase().match(/../g)!.join(":");
  assertEquals(dialTls({ mode: "self-signed", pinSha256: [PIN, withColons] }), {
    mode: "self-signed",
    ...bare,
    pinSha256: [PIN, PIN],
  });
});

test("tls of the wrong kind, or against the scheme, is a TypeError that says so", () => {
  const anything = `tls must be "off", "self-signed", "verified" or an object`;
  const pem = "PEM text with a CERTIFICATE";
  const pin = "tls.pinSha256 must be a SHA-256 as 64 hex digits (colons allowed), or a non-empty list of them";
  const cases: [unknown, string, string?][] = [
    ["off", `tls must be "self-signed", "verified" or an object for a wss:// url, got "off"`, "wss://localhost"],
    ["verified", `tls must be "off" for a ws:// url, got "verified"`, "ws://localhost"],
    [{ mode: "verified" }, `tls must be "off" for a ws:// url, got an object`, "ws://localhost"],
    ["Verified", `${anything}, got "Verified"`],
    ["1", `${anything}, got "1" (Go's code for "self-signed")`],
    [2, `${anything}, got 2 (Go's code for "verified")`],
    [KEY, `${anything}, got PEM text`],
    [{ mode: KEY }, `tls.mode must be "self-signed" or "verified", got PEM text`],
    [true, `${anything}, got true`],
    [null, "tls must be an object, got null"],
    [["verified"], "tls must be an object, got an array"],
    [{}, `tls.mode must be "self-signed" or "verified", got undefined`],
    [{ mode: "off" }, `tls.mode must be "self-signed" or "verified", got "off"`],
    [{ mode: "verified", cacerts: [] }, `unknown option "tls.cacerts" (did you mean tls.caCerts?), got an array`],
    [{ mode: "verified", caCerts: CERT }, "tls.caCerts must be a non-empty list of PEM texts, got a string"],
    [{ mode: "verified", caCerts: [] }, "tls.caCerts must be a non-empty list of PEM texts, got an empty list"],
    [{ mode: "verified", caCerts: [KEY] }, `tls.caCerts must be ${pem}, got PEM text with PRIVATE KEY`],
    [
      { mode: "self-signed", caCerts: [CERT] },
      `tls.caCerts cannot be combined with tls.mode "self-signed", which accepts any certificate`,
    ],
    [{ mode: "verified", cert: CERT }, "tls.key must be given together with tls.cert, got undefined"],
    [{ mode: "verified", key: KEY }, "tls.cert must be given together with tls.key, got undefined"],
    [{ mode: "verified", cert: "client.pem", key: KEY }, `tls.cert must be ${pem}, got a string`],
    [{ mode: "verified", cert: new Uint8Array(), key: KEY }, `tls.cert must be ${pem}, got an instance of Uint8Array`],
    [{ mode: "verified", pinSha256: PIN.slice(1) }, `${pin}, got "${PIN.slice(1)}"`],
    [{ mode: "verified", pinSha256: `${PIN}0` }, `${pin}, got "${PIN}…"`],
    [{ mode: "verified", pinSha256: `${PIN.slice(0, 63)}g` }, `${pin}, got "${PIN.slice(0, 63)}g"`],
    [{ mode: "verified", pinSha256: [] }, `${pin}, got an empty list`],
    [{ mode: "verified", pinSha256: [PIN, 5] }, `${pin}, got a number`],
  ];
  for (const [tls, message, url] of cases) {
    assertEquals(assertThrows(() => dialTls(tls, url), TypeError).message, `Cannot create ClientPool: ${message}`);
  }
});

test("tls.serverName is a DNS name", () => {
  for (const serverName of ["localhost", "pool.example.com", "xn--bcher-kva.example", "a_b.example", "1.example"]) {
    assertEquals(dialTls({ mode: "verified", serverName })?.serverName, serverName);
  }
  for (
    const serverName of ["", "pool.example.com:443", "127.0.0.1", "::1", "a..b", "-a.example", "a b", "x".repeat(64)]
  ) {
    assertThrows(() => dialTls({ mode: "verified", serverName }), TypeError, "tls.serverName must be a host name, got");
  }
});

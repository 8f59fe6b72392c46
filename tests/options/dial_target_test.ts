import { assertEquals, assertThrows } from "@std/assert";
import { type ClientPoolOptions, clientSettings } from "../../src/options/client_options.ts";
import { test } from "../harness.ts";

test("url with a scheme is dialed as it stands", () => {
  const cases: [string, string][] = [
    ["ws://localhost", "ws://localhost/"],
    ["ws://localhost:8080/links?a=b", "ws://localhost:8080/links?a=b"],
    ["WSS://Example.COM:8443", "wss://example.com:8443/"],
    ["wss://[::1]:8443/x", "wss://[::1]:8443/x"],
    ["ws://127.0.0.1:80", "ws://127.0.0.1/"],
    ["ws://localhost/a@b", "ws://localhost/a@b"],
    ["ws://localhost?a=b", "ws://localhost/?a=b"],
    ["ws://localhost?npws2=1", "ws://localhost/?npws2=1"],
  ];
  for (const [url, dialed] of cases) assertEquals(clientSettings({ url }).dial.url, dialed);
});

test("url without a scheme is dialed with TLS, unless tls is off", () => {
  const cases: [string, string, string][] = [
    ["localhost:8080", "wss://localhost:8080/", "ws://localhost:8080/"],
    ["[::1]:443", "wss://[::1]/", "ws://[::1]:443/"],
    ["127.0.0.1:80", "wss://127.0.0.1:80/", "ws://127.0.0.1/"],
    ["ws:8080", "wss://ws:8080/", "ws://ws:8080/"],
  ];
  for (const [url, secure, plain] of cases) {
    assertEquals(clientSettings({ url }).dial.url, secure);
    assertEquals(clientSettings({ url, tls: "self-signed" }).dial.url, secure);
    assertEquals(clientSettings({ url, tls: "off" }).dial.url, plain);
  }
});

test("url that cannot be dialed is a TypeError that says why", () => {
  const form = `must be "wss://host:port/path", "ws://…" or "host:port"`;
  const noCredentials = "must have no credentials (use token or headers)";
  const host = "must have a host (an IPv6 address in brackets)";
  const port = "must have a port from 1 to 65535";
  const cases: [unknown, string][] = [
    [undefined, `${form}, got undefined`],
    [new URL("ws://localhost"), `${form}, got an instance of URL`],
    ["", `${form}, got ""`],
    ["ws://", `${form}, got "ws://"`],
    [" ws://localhost", `${form}, got " ws://localhost"`],
    ["ws://local host", `${form}, got "ws://local host"`],
    ["ws://localhost\\links", `${form}, got "ws://localhost\\\\links"`],
    ["ws://[::g]", `${form}, got "ws://[::g]"`],
    ["ws://exa%mple", `${form}, got "ws://exa%mple"`],
    ["http://localhost", `must begin with ws:// or wss://, got "http://localhost"`],
    ["https://localhost", `must begin with ws:// or wss://, got "https://localhost"`],
    ["localhost:80/links", `must begin with ws:// or wss:// to have a path, got "localhost:80/links"`],
    ["localhost:80?a", `must begin with ws:// or wss:// to have a path, got "localhost:80?…"`],
    ["ws://localhost#top", `must have no fragment, got "ws://localhost#…"`],
    ["ws://localhost/#", `must have no fragment, got "ws://localhost/#…"`],
    ["ws://user:secret@localhost", `${noCredentials}, got "ws://…@localhost"`],
    ["ws://secret@localhost", `${noCredentials}, got "ws://…@localhost"`],
    ["ws://@localhost", `${noCredentials}, got "ws://…@localhost"`],
    ["user:secret@localhost:80", `${noCredentials}, got "…@localhost:80"`],
    ["ws:///links", `${host}, got "ws:///links"`],
    ["ws://:80", `${host}, got "ws://:80"`],
    [":80", `${host}, got ":80"`],
    ["::1:80", `${host}, got "::1:80"`],
    ["ws://[::1]x", `${port}, got "ws://[::1]x"`],
    ["localhost", `${port}, got "localhost"`],
    ["localhost:", `${port}, got "localhost:"`],
    ["ws://localhost:", `${port}, got "ws://localhost:"`],
    ["ws://localhost:0", `${port}, got "ws://localhost:0"`],
    ["ws://localhost:65536", `${port}, got "ws://localhost:65536"`],
    ["ws://localhost:http", `${port}, got "ws://localhost:http"`],
    ["localhost:80:80", `${port}, got "localhost:80:80"`],
    ["ws://localhost?a=secret&npws=2", `must have no query parameter npws (use protocol), got "ws://localhost?…"`],
  ];
  for (const [url, text] of cases) {
    const { message } = assertThrows(() => clientSettings({ url } as ClientPoolOptions), TypeError);
    assertEquals(message, `Cannot create ClientPool: url ${text}`);
  }
});

test("url is never shown with a password, wherever its characters mislead", () => {
  for (const url of ["ws://user:s/ecret@host", "ws://user:s#ecret@host", "http://user:s?ecret@host", "u:s ecret@h:1"]) {
    const { message } = assertThrows(() => clientSettings({ url }), TypeError);
    assertEquals(message.includes("ecret"), false, message);
  }
});

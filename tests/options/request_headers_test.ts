import { assert, assertEquals, assertFalse, assertThrows } from "@std/assert";
import { type ClientPoolOptions, clientSettings } from "../../src/options/client_options.ts";
import { runInNewContext } from "node:vm";
import { test } from "../harness.ts";

function requestHeaders(options: unknown) {
  return clientSettings({ url: "ws://localhost", ...options as Partial<ClientPoolOptions> }).dial.headers;
}

test("headers are taken from an object, a Headers and pairs, names in lower case", () => {
  const expected = { "x-key": "a b", cookie: "c=d" };
  assertEquals(requestHeaders({ headers: { "X-Key": "a b", Cookie: "c=d" } }), expected);
  assertEquals(requestHeaders({ headers: new Headers({ "X-Key": "a b", Cookie: "c=d" }) }), expected);
  assertEquals(requestHeaders({ headers: [["X-Key", "a b"], ["Cookie", "c=d"]] }), expected);
  assertEquals(requestHeaders({ headers: new Map([["X-Key", "a b"], ["Cookie", "c=d"]]) }), expected);
  assertEquals(requestHeaders({ headers: {} }), {});
  assertEquals(requestHeaders({ headers: runInNewContext(`({ "X-Key": "a b" })`) }), { "x-key": "a b" });
  assertEquals(requestHeaders({ headers: Object.assign(Object.create(null), { "X-Key": "a b" }) }), { "x-key": "a b" });
});

test("headers given twice are joined, like those of a Headers", () => {
  assertEquals(requestHeaders({ headers: [["a", "1"], ["A", "2"]] }), { a: "1, 2" });
});

test("headers keep values that RFC 9110 allows", () => {
  const headers = { a: "", b: "x", c: "a\tb c", d: "\xe4", ["__proto__"]: "p", "~x!": "y" };
  assertEquals(requestHeaders({ headers }), headers);
});

test("headers that the handshake sets are refused", () => {
  for (
    const name of [
      "Host",
      "connection",
      "UPGRADE",
      "Sec-WebSocket-Key",
      "sec-websocket-protocol",
      "Content-Length",
      "TE",
    ]
  ) {
    assertThrows(
      () => requestHeaders({ headers: { [name]: "x" } }),
      TypeError,
      `headers must not have "${name}", which the handshake sets`,
    );
  }
});

test("headers of the wrong form are refused, and no message shows a value", () => {
  const form = "headers must be a plain object, a Headers object or a list of [name, value] pairs";
  const unfit = "a string with characters not allowed in a header";
  const cases: [unknown, string][] = [
    [null, `${form}, got null`],
    ["x: secret", `${form}, got a string`],
    [() => {}, `${form}, got a function`],
    [["x: secret"], `${form}, got a list containing a string`],
    [[["x", "secret", "y"]], `${form}, got a list containing an array`],
    [[[5, "secret"]], `${form}, got a number as a name`],
    [Object.create({ x: "secret" }), `${form}, got an object`],
    [new Date(0), `${form}, got an instance of Date`],
    [Object.assign(new Error("secret"), { x: "secret" }), `${form}, got an instance of Error`],
    [{ "": "secret" }, 'headers must have valid names, got "…"'],
    [{ "Authorization: Bearer secret": "" }, 'headers must have valid names, got "Authorization…"'],
    [{ "ä": "secret" }, 'headers must have valid names, got "…"'],
    [{ x: "secret\r\ny: z" }, `headers must have valid values, got ${unfit} for "x"`],
    [{ x: "secret\0" }, `headers must have valid values, got ${unfit} for "x"`],
    [{ x: " secret" }, `headers must have valid values, got ${unfit} for "x"`],
    [{ x: "secret\t" }, `headers must have valid values, got ${unfit} for "x"`],
    [{ x: "secret€" }, `headers must have valid values, got ${unfit} for "x"`],
    [{ x: 5 }, 'headers must have valid values, got a number for "x"'],
    [{ x: ["secret"] }, 'headers must have valid values, got an array for "x"'],
    [{ x: undefined }, 'headers must have valid values, got undefined for "x"'],
  ];
  for (const [headers, text] of cases) {
    const { message } = assertThrows(() => requestHeaders({ headers }), TypeError);
    assertEquals(message, `Cannot create ClientPool: ${text}`);
    assertFalse(message.includes("secret"));
  }
});

test("token is sent as a Bearer header", () => {
  assertEquals(requestHeaders({ token: "abc.DEF-1_~+/==" }), { authorization: "Bearer abc.DEF-1_~+/==" });
  assertEquals(requestHeaders({ token: "!x", headers: { a: "b" } }), { a: "b", authorization: "Bearer !x" });
});

test("token that cannot stand in a header is refused and never shown", () => {
  const cases: [unknown, string][] = [
    ["", "an empty string"],
    ["a secret", "a string with other characters"],
    ["secret\n", "a string with other characters"],
    ["sécret", "a string with other characters"],
    [5, "a number"],
    [0, "a number"],
    [["secret"], "an array"],
    [null, "null"],
  ];
  for (const [token, got] of cases) {
    const { message } = assertThrows(() => requestHeaders({ token }), TypeError);
    assertEquals(message, `Cannot create ClientPool: token must be printable ASCII without spaces, got ${got}`);
  }
});

test("token and an Authorization header contradict each other", () => {
  const options = { token: "secret", headers: { AUTHORIZATION: "Basic x" } };
  const { message } = assertThrows(() => requestHeaders(options), TypeError);
  assertEquals(message, "Cannot create ClientPool: token cannot be combined with an Authorization header in headers");
  assert(requestHeaders({ headers: { Authorization: "Basic x" } }).authorization === "Basic x");
});

import { assert, assertEquals, assertStrictEquals, assertThrows } from "@std/assert";
import { type ClientPoolOptions, clientSettings } from "../../src/options/client_options.ts";
import { test } from "../harness.ts";

const url = "ws://localhost";

/** The message of the error for these options, without its first part, which is always the same. */
function refusal(options: unknown, errorClass: typeof TypeError | typeof RangeError): string {
  const { message } = assertThrows(() => clientSettings(options as ClientPoolOptions), errorClass);
  const action = "Cannot create ClientPool: ";
  assert(message.startsWith(action), message);
  return message.slice(action.length);
}

test("clientSettings() fills in the defaults of the contract", () => {
  const { dial, ...settings } = clientSettings({ url: "localhost:8443" });
  assertEquals(dial, { url: "wss://localhost:8443/", headers: {}, tls: { mode: "verified" }, WebSocket: undefined });
  const defaults = {
    minCapacity: 1,
    maxCapacity: 16,
    minIntervalMs: 500,
    maxIntervalMs: 5_000,
    name: undefined,
    dialTimeoutMs: 10_000,
    dialConcurrency: 16,
    maxBackoffMs: 5_000,
    maxLinkAgeMs: 1_800_000,
    maxStreamsPerLink: Infinity,
  };
  assertEquals({ ...settings, ...defaults }, settings);
});

test("clientSettings() takes an option that is undefined as not given", () => {
  assertEquals(
    clientSettings({ url, minCapacity: undefined, tls: undefined, headers: undefined, token: undefined }),
    clientSettings({ url }),
  );
});

test("clientSettings() freezes what it returns, to the last list", () => {
  const settings = clientSettings({
    url: "wss://localhost",
    headers: { a: "b" },
    tls: { mode: "verified", pinSha256: "ab".repeat(32) },
  });
  for (
    const part of [settings, settings.dial, settings.dial.headers, settings.dial.tls, settings.dial.tls?.pinSha256]
  ) {
    assert(Object.isFrozen(part), JSON.stringify(part));
  }
});

test("clientSettings() has maxCapacity follow a minCapacity above 16", () => {
  assertEquals(clientSettings({ url, minCapacity: 20 }).maxCapacity, 20);
  assertEquals(clientSettings({ url, minCapacity: 5 }).maxCapacity, 16);
  assertEquals(clientSettings({ url, maxCapacity: 1 }).maxCapacity, 1);
});

test("clientSettings() takes numbers up to their bounds", () => {
  const cases: Partial<ClientPoolOptions>[] = [
    { minCapacity: 1_000_000, maxCapacity: 1_000_000 },
    { minIntervalMs: 1, maxIntervalMs: 1 },
    { minIntervalMs: 5_000 },
    { dialTimeoutMs: 1 },
    { dialConcurrency: 1 },
    { maxBackoffMs: 50 },
    { maxLinkAgeMs: 0 },
    { maxStreamsPerLink: 1 },
  ];
  for (const options of cases) {
    const settings: object = clientSettings({ url, ...options });
    assertEquals({ ...settings, ...options }, settings);
  }
});

test("clientSettings() throws a RangeError that names the option and the value", () => {
  const cases: [Partial<ClientPoolOptions>, string][] = [
    [{ minCapacity: 2.5 }, "minCapacity must be an integer from 1 to 1000000, got 2.5"],
    [{ minCapacity: 0 }, "minCapacity must be an integer from 1 to 1000000, got 0"],
    [{ minCapacity: NaN }, "minCapacity must be an integer from 1 to 1000000, got NaN"],
    [{ maxCapacity: 1_000_001 }, "maxCapacity must be an integer from 1 to 1000000, got 1000001"],
    [{ maxCapacity: Infinity }, "maxCapacity must be an integer from 1 to 1000000, got Infinity"],
    [{ minCapacity: 5, maxCapacity: 3 }, "minCapacity must be at most maxCapacity, which is 3, got 5"],
    [{ minIntervalMs: 0 }, "minIntervalMs must be a number of milliseconds of at least 1, got 0"],
    [{ minIntervalMs: 2, maxIntervalMs: 1 }, "minIntervalMs must be at most maxIntervalMs, which is 1, got 2"],
    [{ maxIntervalMs: 100 }, "minIntervalMs must be at most maxIntervalMs, which is 100, got 500 (its default)"],
    [{ dialTimeoutMs: 0 }, "dialTimeoutMs must be a number of milliseconds of at least 1, got 0"],
    [{ dialTimeoutMs: Infinity }, "dialTimeoutMs must be a number of milliseconds of at least 1, got Infinity"],
    [{ dialConcurrency: 0 }, "dialConcurrency must be an integer from 1 to 1000000, got 0"],
    [{ maxBackoffMs: 49 }, "maxBackoffMs must be a number of milliseconds of at least 50, got 49"],
    [{ maxLinkAgeMs: -1 }, "maxLinkAgeMs must be a number of milliseconds of at least 0, got -1"],
    [{ maxStreamsPerLink: 0 }, "maxStreamsPerLink must be an integer of at least 1, or Infinity, got 0"],
    [{ maxStreamsPerLink: 1.5 }, "maxStreamsPerLink must be an integer of at least 1, or Infinity, got 1.5"],
  ];
  for (const [options, message] of cases) assertEquals(refusal({ url, ...options }, RangeError), message);
});

test("clientSettings() throws a TypeError for each option of a wrong type", () => {
  const numbers = [
    "minCapacity",
    "maxCapacity",
    "minIntervalMs",
    "maxIntervalMs",
    "dialTimeoutMs",
    "dialConcurrency",
    "maxBackoffMs",
    "maxLinkAgeMs",
    "maxStreamsPerLink",
  ];
  const others = ["url", "tls", "headers", "token", "name", "WebSocket"];
  for (const name of [...numbers, ...others]) {
    for (const value of [5n, null, true, Symbol("x")]) {
      const message = refusal({ url, [name]: value }, TypeError);
      assert(message.startsWith(name), message);
    }
  }
  for (const name of numbers) assert(refusal({ url, [name]: "5" }, TypeError).endsWith('got "5"'));
});

test("clientSettings() throws a TypeError for an unknown option and says which was probably meant", () => {
  const refused = 'unknown option "mincapacity" (did you mean minCapacity?), got 5';
  assertEquals(refusal({ url, mincapacity: 5 }, TypeError), refused);
  assertEquals(refusal({ url, certificate: 5 }, TypeError), 'unknown option "certificate", got 5');
  assertEquals(
    refusal({ url, Token: "secret" }, TypeError),
    'unknown option "Token" (did you mean token?), got a string',
  );
  assertEquals(refusal({ url, hostname: undefined }, TypeError), 'unknown option "hostname", got undefined');
  assertEquals(refusal({ url, constructor: 5 }, TypeError), 'unknown option "constructor", got 5');
  assertEquals(
    refusal(Object.create({ url, mincap: 5 }), TypeError),
    'unknown option "mincap" (did you mean minCapacity?), got 5',
  );
});

test("clientSettings() throws a TypeError for options that are no object", () => {
  for (
    const [options, got] of [[undefined, "undefined"], [null, "null"], ["ws://user:secret@a", "a string"], [
      [],
      "an array",
    ]]
  ) {
    assertEquals(refusal(options, TypeError), `options must be an object, got ${got}`);
  }
});

test("clientSettings() takes a name of 1 to 64 plain characters", () => {
  assertEquals(clientSettings({ url, name: "edge-7_A.b" }).name, "edge-7_A.b");
  assertEquals(clientSettings({ url, name: "x".repeat(64) }).name?.length, 64);
  for (const name of ["", "x".repeat(65), "a b", "ä", "a\n"]) {
    const message = refusal({ url, name }, TypeError);
    assert(message.startsWith("name must be 1 to 64 characters of A-Z a-z 0-9 . _ -, got "), message);
  }
});

test("clientSettings() passes a WebSocket constructor on", () => {
  assertStrictEquals(clientSettings({ url, WebSocket }).dial.WebSocket, WebSocket);
  assertEquals(refusal({ url, WebSocket: {} }, TypeError), "WebSocket must be a function, got an object");
});

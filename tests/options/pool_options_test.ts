import { assertEquals, assertThrows } from "@std/assert";
import { clientSettings } from "../../src/options/client_options.ts";
import { type ServerPoolOptions, serverSettings } from "../../src/options/server_options.ts";
import { test } from "../harness.ts";

const url = "ws://localhost";

test("The shared options have the same defaults in both pools", () => {
  const defaults = {
    protocol: "auto",
    windowBytes: 262_144,
    maxWindowBytes: 4_194_304,
    receiveLimitBytes: 16_777_216,
    keepAliveMs: 30_000,
    heartbeatTimeoutMs: 10_000,
    getTimeoutMs: 30_000,
    maxWaiters: 10_000,
    acceptBacklog: 128,
  };
  const client: object = clientSettings({ url });
  const server: object = serverSettings();
  assertEquals({ ...client, ...defaults }, client);
  assertEquals({ ...server, ...defaults }, server);
});

test("The shared options are taken up to their bounds", () => {
  const cases: ServerPoolOptions[] = [
    { protocol: 1 },
    { protocol: "auto" },
    { windowBytes: 1_024, maxWindowBytes: 1_024 },
    { windowBytes: 16_777_216, maxWindowBytes: 16_777_216 },
    { receiveLimitBytes: 1 },
    { receiveLimitBytes: 1_073_741_824 },
    { keepAliveMs: 0 },
    { keepAliveMs: 0.5 },
    { heartbeatTimeoutMs: 1 },
    { getTimeoutMs: 0 },
    { getTimeoutMs: Infinity },
    { maxWaiters: 1 },
    { maxWaiters: 1_000_000 },
    { acceptBacklog: 1 },
  ];
  for (const options of cases) {
    const settings: object = serverSettings(options);
    assertEquals({ ...settings, ...options }, settings);
  }
});

test("A shared option out of range is a RangeError that names it and the value", () => {
  const cases: [ServerPoolOptions, string][] = [
    [{ windowBytes: 1_023 }, "windowBytes must be an integer from 1024 to 16777216, got 1023"],
    [{ windowBytes: 2_000.5 }, "windowBytes must be an integer from 1024 to 16777216, got 2000.5"],
    [{ maxWindowBytes: 16_777_217 }, "maxWindowBytes must be an integer from 1024 to 16777216, got 16777217"],
    [
      { windowBytes: 8_388_608 },
      "windowBytes must be at most maxWindowBytes, which is 4194304, got 8388608",
    ],
    [
      { maxWindowBytes: 1_024 },
      "windowBytes must be at most maxWindowBytes, which is 1024, got 262144 (its default)",
    ],
    [{ receiveLimitBytes: 0 }, "receiveLimitBytes must be an integer from 1 to 1073741824, got 0"],
    [{ keepAliveMs: -1 }, "keepAliveMs must be a number of milliseconds of at least 0, got -1"],
    [{ keepAliveMs: Infinity }, "keepAliveMs must be a number of milliseconds of at least 0, got Infinity"],
    [{ heartbeatTimeoutMs: 0 }, "heartbeatTimeoutMs must be a number of milliseconds of at least 1, got 0"],
    [{ getTimeoutMs: NaN }, "getTimeoutMs must be a number of milliseconds of at least 0, or Infinity, got NaN"],
    [{ maxWaiters: 0 }, "maxWaiters must be an integer from 1 to 1000000, got 0"],
    [{ maxWaiters: Infinity }, "maxWaiters must be an integer from 1 to 1000000, got Infinity"],
    [{ acceptBacklog: 1_000_001 }, "acceptBacklog must be an integer from 1 to 1000000, got 1000001"],
  ];
  for (const [options, message] of cases) {
    assertEquals(
      assertThrows(() => serverSettings(options), RangeError).message,
      `Cannot create ServerPool: ${message}`,
    );
    assertEquals(
      assertThrows(() => clientSettings({ url, ...options as object }), RangeError).message,
      `Cannot create ClientPool: ${message}`,
    );
  }
});

test("A shared option of a wrong type is a TypeError that names it and the value", () => {
  for (
    const name of [
      "windowBytes",
      "maxWindowBytes",
      "receiveLimitBytes",
      "keepAliveMs",
      "heartbeatTimeoutMs",
      "getTimeoutMs",
      "maxWaiters",
      "acceptBacklog",
    ]
  ) {
    for (const [value, got] of [["5", 'got "5"'], [5n, "got 5n"], [null, "got null"], [[5], "got an array"]] as const) {
      const error = assertThrows(() => serverSettings({ [name]: value }), TypeError);
      assertEquals([error.message.includes(`: ${name} must be `), error.message.endsWith(got)], [true, true]);
    }
  }
});

test("protocol is auto, 1 or 2, and anything else a TypeError", () => {
  for (const protocol of ["auto", 1, 2] as const) {
    assertEquals(clientSettings({ url, protocol }).protocol, protocol);
    assertEquals(serverSettings({ protocol }).protocol, protocol);
  }
  for (const [protocol, got] of [[3, "3"], ["1", '"1"'], [null, "null"], ["AUTO", '"AUTO"']]) {
    const error = assertThrows(() => serverSettings({ protocol: protocol as 1 }), TypeError);
    assertEquals(error.message, `Cannot create ServerPool: protocol must be "auto", 1 or 2, got ${got}`);
  }
});

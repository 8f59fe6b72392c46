import { Buffer } from "node:buffer";
import { assertEquals, assertFalse, assertStrictEquals, assertThrows } from "@std/assert";
import { decodeMetadata } from "../../src/link/control.ts";
import { closeSettings, type GetOptions, getSettings, loopSettings } from "../../src/options/get_options.ts";
import { test } from "../harness.ts";

const DEFAULTS = { getTimeoutMs: 30_000 };

test("getSettings() fills in the pool's timeout and nothing else", () => {
  const bare = { timeoutMs: 30_000, signal: undefined, early: false, peer: undefined, metadata: "" };
  for (const call of ["incomingGet", "outgoingGet", "open", "accept"] as const) {
    assertEquals(getSettings(call, undefined, DEFAULTS), bare);
    assertEquals(getSettings(call, {}, DEFAULTS), bare);
    assertEquals(getSettings(call, {}, { getTimeoutMs: Infinity }).timeoutMs, Infinity);
  }
});

test("getSettings() takes what the call knows", () => {
  const { signal } = new AbortController();
  const settings = getSettings("open", { timeoutMs: 0, signal, early: true, peer: "edge-7" }, DEFAULTS);
  assertEquals([settings.timeoutMs, settings.early, settings.peer], [0, true, "edge-7"]);
  assertStrictEquals(settings.signal, signal);
  assertEquals(getSettings("accept", { timeoutMs: Infinity }, DEFAULTS).timeoutMs, Infinity);
  assertEquals(getSettings("incomingGet", { peer: "a" }, DEFAULTS).peer, "a");
});

test("getSettings() encodes metadata: the view that it is given, not its whole buffer", () => {
  for (const memory of [new Uint8Array([0, 1, 2, 3]), Buffer.from([0, 1, 2, 3])]) {
    const { metadata } = getSettings("open", { metadata: memory.subarray(1) }, DEFAULTS);
    memory.fill(9); // the application may reuse it
    assertEquals(decodeMetadata(metadata), new Uint8Array([1, 2, 3]));
  }
  const longest = getSettings("open", { metadata: new Uint8Array(2_048) }, DEFAULTS).metadata;
  assertEquals(decodeMetadata(longest), new Uint8Array(2_048));
});

test("getSettings() refuses what is wrong and names the call", () => {
  const timeoutMs = "timeoutMs must be a number of milliseconds of at least 0, or Infinity";
  const cases: [Parameters<typeof getSettings>[0], unknown, typeof TypeError | typeof RangeError, string][] = [
    ["outgoingGet", { timeoutMs: -1 }, RangeError, `${timeoutMs}, got -1`],
    ["outgoingGet", { timeoutMs: NaN }, RangeError, `${timeoutMs}, got NaN`],
    ["outgoingGet", { timeoutMs: "5" }, TypeError, `${timeoutMs}, got "5"`],
    ["outgoingGet", { signal: {} }, TypeError, "signal must be an AbortSignal, got an object"],
    [
      "accept",
      { signal: new AbortController() },
      TypeError,
      "signal must be an AbortSignal, got an instance of AbortController",
    ],
    ["accept", { early: 1 }, TypeError, "early must be true or false, got 1"],
    ["accept", { early: null }, TypeError, "early must be true or false, got null"],
    ["outgoingGet", { peer: "a" }, TypeError, 'unknown option "peer", got a string'],
    ["accept", { peer: "a" }, TypeError, 'unknown option "peer", got a string'],
    [
      "incomingGet",
      { metadata: new Uint8Array() },
      TypeError,
      'unknown option "metadata", got an instance of Uint8Array',
    ],
    ["incomingGet", { timeout: 5 }, TypeError, 'unknown option "timeout" (did you mean timeoutMs?), got 5'],
    ["incomingGet", { peer: "a b" }, TypeError, 'peer must be 1 to 64 characters of A-Z a-z 0-9 . _ -, got "a b"'],
    ["open", { metadata: "text" }, TypeError, "metadata must be a Uint8Array, got a string"],
    [
      "open",
      { metadata: new ArrayBuffer(1) },
      TypeError,
      "metadata must be a Uint8Array, got an instance of ArrayBuffer",
    ],
    ["open", { metadata: new Uint8Array(2_049) }, RangeError, "metadata must be at most 2048 bytes, got 2049"],
    ["open", null, TypeError, "options must be an object, got null"],
    ["open", 5_000, TypeError, "options must be an object, got 5000"],
  ];
  for (const [call, options, errorClass, message] of cases) {
    const error = assertThrows(() => getSettings(call, options as GetOptions, DEFAULTS), errorClass);
    assertEquals(error.message, `Cannot call ${call}(): ${message}`);
  }
});

test("loopSettings() knows the signal, and the peer where the loop has one", () => {
  const { signal } = new AbortController();
  assertEquals(loopSettings("incoming", { signal, peer: "a" }), { signal, peer: "a" });
  assertEquals(loopSettings("start", undefined), { signal: undefined, peer: undefined });
  assertThrows(
    () => loopSettings("accepted", { peer: "a" }),
    TypeError,
    'Cannot call accepted(): unknown option "peer"',
  );
  assertThrows(() => loopSettings("start", { signal: 5 as never }), TypeError, "Cannot call start(): signal must be");
});

test("closeSettings() takes a finite time to drain", () => {
  assertEquals(closeSettings(undefined), { drainMs: 5_000 });
  assertEquals(closeSettings({ drainMs: 0 }), { drainMs: 0 });
  for (const drainMs of [-1, Infinity, NaN]) {
    assertThrows(() => closeSettings({ drainMs }), RangeError, `Cannot call close(): drainMs must be`);
  }
  assertThrows(() => closeSettings({ drain: 5 } as never), TypeError, "did you mean drainMs?");
  assertFalse("signal" in closeSettings({}));
});

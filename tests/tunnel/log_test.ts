import { assertEquals, assertMatch } from "@std/assert";
import { stub } from "@std/testing/mock";
import { Log } from "../../examples/tunnel/log.ts";
import { test } from "../harness.ts";

function logged(isVerbose: boolean, use: (log: Log) => void): string[] {
  const lines: string[] = [];
  use(new Log({ write: (text) => lines.push(text) }, isVerbose));
  for (const line of lines) assertMatch(line, /^\d{4}-\d\d-\d\dT[\d:.]+Z (info |warn |debug) \S.*\n$/);
  return lines.map((line) => line.slice(25, -1));
}

test("Log writes a time, a level and the text", () => {
  const lines = logged(false, (log) => {
    log.info("up");
    log.warn("hot");
  });
  assertEquals(lines, ["info  up", "warn  hot"]);
});

test("Log keeps each text on one line, whoever wrote it", () => {
  const lines = logged(false, (log) => {
    log.warn("bye\n2026-01-01T00:00:00.000Z info  all is well\r\x1b[2J\u202e");
    log.info("x".repeat(1_001));
  });
  assertEquals(lines, [
    "warn  bye\ufffd2026-01-01T00:00:00.000Z info  all is well\ufffd\ufffd[2J\ufffd",
    `info  ${"x".repeat(1_000)}…`,
  ]);
});

test("Log.debug() writes with --verbose only, and makes no text without", () => {
  const fail = () => {
    throw new Error("made");
  };
  assertEquals(logged(false, (log) => log.debug(fail)), []);
  assertEquals(logged(true, (log) => log.debug(() => "detail")), ["debug detail"]);
});

test("Log.warn() counts what repeats, and tells the count before the next other line", () => {
  const lines = logged(false, (log) => {
    for (let count = 0; count < 5; count++) log.warn("target is down");
    log.warn("other");
    for (let count = 0; count < 2; count++) log.warn("target is down");
    log.info("connected");
    log.warn("target is down");
  });
  assertEquals(lines, [
    "warn  target is down",
    "warn  target is down (4 times)",
    "warn  other",
    "warn  target is down",
    "warn  target is down",
    "info  connected",
    "warn  target is down",
  ]);
});

test("Log.warn() tells after ten seconds how often the same has come again", () => {
  let now = 0;
  using _clock = stub(performance, "now", () => now);
  const lines = logged(false, (log) => {
    for (; now <= 22_000; now += 1_000) log.warn("target is down");
  });
  assertEquals(lines, ["warn  target is down", "warn  target is down (10 times)", "warn  target is down (10 times)"]);
});

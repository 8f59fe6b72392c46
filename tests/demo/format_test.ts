import { assertEquals } from "@std/assert";
import { formatBytes, formatDuration, formatRate, formatTable } from "../../examples/demo/format.ts";
import { test } from "../harness.ts";

test("formatBytes() tells bytes in decimal units", () => {
  const cases: [number, string][] = [
    [0, "0 B"],
    [999, "999 B"],
    [1_000, "1.0 kB"],
    [999_949, "999.9 kB"],
    [999_950, "1.0 MB"],
    [95_600_728, "95.6 MB"],
    [999_950_000, "1.00 GB"],
    [12_345_000_000, "12.35 GB"],
  ];
  for (const [bytes, text] of cases) assertEquals(formatBytes(bytes), text);
});

test("formatRate() tells millions of bytes per second, and nothing where nothing was measured", () => {
  const cases: [bytes: number, elapsedMs: number, string][] = [
    [99_900, 1, "99.9 MB/s"],
    [99_960, 1, "100 MB/s"],
    [347_000_000, 1_000, "347 MB/s"],
    [0, 5, "-"],
    [5, 0, "-"],
    [0, 0, "-"],
  ];
  for (const [bytes, elapsedMs, text] of cases) assertEquals(formatRate(bytes, elapsedMs), text);
});

test("formatDuration() tells milliseconds, and seconds from one on", () => {
  const cases: [number, string][] = [
    [0, "0.00 ms"],
    [0.314, "0.31 ms"],
    [9.99, "9.99 ms"],
    [9.996, "10 ms"],
    [999.4, "999 ms"],
    [999.6, "1.00 s"],
    [61_000, "61.00 s"],
  ];
  for (const [durationMs, text] of cases) assertEquals(formatDuration(durationMs), text);
});

test("formatTable() aligns the first column to the left and all others to the right", () => {
  assertEquals(formatTable([["", "Id"], ["Total", "5"]]), ["       Id", "Total   5"]);
});

import { assertEquals } from "@std/assert";
import {
  formatAge,
  formatByteRate,
  formatBytes,
  formatCount,
  formatMs,
  formatRate,
} from "../../../examples/monitor/page/format.js";
import { test } from "../../harness.ts";

const cases: [format: (value: number) => string, value: number, text: string][] = [
  [formatCount, 0, "0"],
  [formatCount, 12_345, "12,345"],
  [formatCount, 1_250_000, "1.25 M"],
  [formatCount, 3_000_000_000, "3 G"],
  [formatCount, 2.5, "2.5"],
  [formatCount, 160_663.4, "160,663"],
  [formatRate, 0.24, "0.2"],
  [formatRate, 5.99, "6"],
  [formatRate, 12.4, "12"],
  [formatBytes, 0, "0 B"],
  [formatBytes, 999, "999 B"],
  [formatBytes, 999.6, "1 kB"],
  [formatBytes, 1_254, "1.25 kB"],
  [formatBytes, 65_536, "65.5 kB"],
  [formatBytes, 123_456_789, "123 MB"],
  [formatBytes, 5e15, "5,000 TB"],
  [formatByteRate, 2_000_000, "2 MB/s"],
  [formatMs, 0.424, "0.42 ms"],
  [formatMs, 12, "12 ms"],
  [formatMs, 999.4, "999 ms"],
  [formatMs, 999.6, "1 s"],
  [formatMs, 1_500, "1.5 s"],
  [formatAge, 0, "now"],
  [formatAge, 90_000, "−90 s"],
  [formatAge, 120_000, "−2 min"],
];

for (const [format, value, text] of cases) {
  test(`${format.name}(${value}) is "${text}"`, () => assertEquals(format(value), text));
}

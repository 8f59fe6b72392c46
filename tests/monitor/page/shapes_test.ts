import { assertEquals } from "@std/assert";
import { areaPath, barPath, linePath } from "../../../examples/monitor/page/shapes.js";
import { test } from "../../harness.ts";

test("linePath() joins places, leaves out gaps and makes a dot of a lone place", () => {
  assertEquals(linePath([]), "");
  assertEquals(linePath([[0, 1], [10, 2.04], [20, 3]]), "M0 1L10 2L20 3");
  assertEquals(linePath([[0, undefined], [10, 2], [20, 3], [30, undefined], [40, 5]]), "M10 2L20 3M40 5h0");
});

test("areaPath() goes along the top and back along the bottom", () => {
  assertEquals(areaPath([[0, 9, 1], [10, 8, 2]]), "M0 1L10 2L10 8L0 9Z");
  assertEquals(areaPath([[0, undefined, undefined]]), "");
});

test("barPath() makes a bar of each place that has a height", () => {
  assertEquals(barPath([[10, 9, 1], [20, 9, 9], [30, undefined, undefined]], 4), "M8 9V1h4V9Z");
});

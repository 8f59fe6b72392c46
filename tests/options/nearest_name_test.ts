import { assertEquals } from "@std/assert";
import { nearestName } from "../../src/options/nearest_name.ts";
import { test } from "../harness.ts";

const KNOWN = ["minCapacity", "maxCapacity", "keepAliveMs", "url", "tls", "port", "hostname", "maxLinks"];

test("nearestName() finds what was probably meant", () => {
  const cases: [string, string | undefined][] = [
    ["mincapacity", "minCapacity"],
    ["minCapactiy", "minCapacity"],
    ["maxCapcity", "maxCapacity"],
    ["keepAlive", "keepAliveMs"],
    ["keepAliveMS", "keepAliveMs"],
    ["uri", "url"],
    ["TLS", "tls"],
    ["host", "hostname"],
    ["max", undefined],
    ["certificate", undefined],
    ["", undefined],
    ["x".repeat(100_000), undefined],
  ];
  for (const [name, nearest] of cases) assertEquals(nearestName(name, KNOWN), nearest, name.slice(0, 20));
});

import { assertEquals, assertThrows } from "@std/assert";
import type { Pool, PoolStats } from "@npws/pool";
import { instrument, type InstrumentOptions } from "@npws/pool/otel";
import { test } from "../harness.ts";
import { STATISTICS } from "../statistics.ts";
import { Telemetry } from "./telemetry.ts";

/** A pool that only has statistics. */
function poolWith(stats: () => PoolStats): Pool {
  return { stats } as Pool;
}

test("instrument() exports every statistic by name and unit, with the attributes that were given", async () => {
  await using telemetry = new Telemetry();
  using _ = instrument(poolWith(() => STATISTICS), { ...telemetry, attributes: { "npws.pool.name": "edge" } });
  const points = (await telemetry.points()).map(({ name, unit, kind, attributes: { ...attributes }, value }) => {
    assertEquals(attributes["npws.pool.name"], "edge", name);
    delete attributes["npws.pool.name"];
    return [name, Object.values(attributes).join(), value, unit, kind];
  });
  assertEquals(points, [
    ["npws.pool.link.count", "idle", 2, "{link}", "level"],
    ["npws.pool.link.count", "used", 3, "{link}", "level"],
    ["npws.pool.link.count", "closing", 4, "{link}", "level"],
    ["npws.pool.link.capacity", "", 11, "{link}", "level"],
    ["npws.pool.link.dialing", "", 5, "{link}", "level"],
    ["npws.pool.get.pending", "", 7, "{call}", "level"],
    ["npws.pool.interval", "", 1.3, "s", "gauge"],
    ["npws.pool.link.opened", "", 17, "{link}", "counter"],
    ["npws.pool.link.recycled", "", 29, "{link}", "counter"],
    ["npws.pool.link.retired", "", 31, "{link}", "counter"],
    ["npws.pool.link.lost", "", 37, "{link}", "counter"],
    ["npws.pool.dial.failures", "", 19, "{failure}", "counter"],
    ["npws.pool.refusals", "forbidden", 41, "{refusal}", "counter"],
    ["npws.pool.refusals", "full", 43, "{refusal}", "counter"],
    ["npws.pool.refusals", "unauthorized", 47, "{refusal}", "counter"],
    ["npws.pool.get.connections", "", 23, "{connection}", "counter"],
    ["npws.pool.get.wait_time", "", 67.5, "s", "counter"],
    ["npws.pool.get.timeouts", "", 53, "{timeout}", "counter"],
    ["npws.pool.get.aborts", "", 59, "{abort}", "counter"],
    ["npws.pool.get.dead_links", "", 61, "{link}", "counter"],
    ["npws.pool.io", "receive", 71, "By", "counter"],
    ["npws.pool.io", "transmit", 73, "By", "counter"],
  ]);
});

test("instrument() reads one snapshot for a collection, and none when its instrumentation is disposed", async () => {
  await using telemetry = new Telemetry();
  let reads = 0;
  const instrumentation = instrument(poolWith(() => (reads++, STATISTICS)), telemetry);
  await telemetry.points();
  assertEquals(reads, 1);
  instrumentation[Symbol.dispose]();
  await telemetry.points();
  assertEquals(reads, 1);
});

test("instrument() keeps pools on one meter apart by their attributes", async () => {
  await using telemetry = new Telemetry();
  const named = (name: string, idle: number) =>
    instrument(poolWith(() => ({ ...STATISTICS, idle })), { ...telemetry, attributes: { "npws.pool.name": name } });
  using _north = named("north", 1);
  using _south = named("south", 2);
  const idle = (await telemetry.points()).filter(({ attributes }) => attributes["npws.link.state"] === "idle");
  assertEquals(idle.map(({ attributes, value }) => [attributes["npws.pool.name"], value]), [["north", 1], [
    "south",
    2,
  ]]);
});

test("instrument() is content without an SDK", () => {
  using _ = instrument(poolWith(() => STATISTICS));
});

const wrongOptions: [options: unknown, message: string][] = [
  [{ meter: {} }, "Cannot instrument pool: meter must be a Meter from @opentelemetry/api, got an object"],
  [{ tracer: "tracer" }, `Cannot instrument pool: tracer must be a Tracer from @opentelemetry/api, got "tracer"`],
  [{ attributes: "edge" }, `Cannot instrument pool: attributes must be an object, got "edge"`],
  [{ attribute: {} }, `Cannot instrument pool: unknown option "attribute" (did you mean attributes?)`],
];

for (const [options, message] of wrongOptions) {
  test(`instrument() refuses ${JSON.stringify(options)}`, () => {
    assertThrows(() => instrument(poolWith(() => STATISTICS), options as InstrumentOptions), TypeError, message);
  });
}

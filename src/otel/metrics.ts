import type { Attributes, BatchObservableCallback, Meter, Observable } from "@opentelemetry/api";
import type { Pool } from "../pool/pool.ts";
import type { PoolStats } from "../stats.ts";

/** One value of a metric, with attributes of its own. */
type Reading = readonly [value: number, attributes?: Attributes];

/** A metric that is read from a pool's statistics. */
interface StatisticMetric {
  /** How OpenTelemetry aggregates it: levels that add up, levels that do not, or values that only grow. */
  readonly kind: "createObservableUpDownCounter" | "createObservableGauge" | "createObservableCounter";
  readonly name: string;
  /** In UCUM notation. */
  readonly unit: string;
  readonly description: string;
  readonly read: (stats: PoolStats) => readonly Reading[];
}

/**
 * Exports a pool's statistics whenever the meter collects.
 *
 * @returns A function that stops the export.
 */
export function observe(pool: Pool, meter: Meter, attributes: Attributes): () => void {
  const observed = METRICS.map((metric) => ({ metric, observable: create(meter, metric) }));
  const collect: BatchObservableCallback = (result) => {
    const stats = pool.stats(); // one snapshot for all metrics, so that the exported values add up
    for (const { metric, observable } of observed) {
      for (const [value, own] of metric.read(stats)) result.observe(observable, value, { ...attributes, ...own });
    }
  };
  const observables = observed.map(({ observable }) => observable);
  meter.addBatchObservableCallback(collect, observables);
  return () => meter.removeBatchObservableCallback(collect, observables);
}

function create(meter: Meter, { kind, name, unit, description }: StatisticMetric): Observable {
  return meter[kind](name, { unit, description });
}

/** Named like OpenTelemetry's conventions for a database client's connection pool (db.client.connection). */
const METRICS: readonly StatisticMetric[] = [
  level("npws.pool.link.count", "{link}", "Open links by state", (stats) => [
    [stats.idle, { "npws.link.state": "idle" }],
    [stats.inUse, { "npws.link.state": "used" }],
    [stats.links - stats.idle - stats.inUse, { "npws.link.state": "closing" }],
  ]),
  level("npws.pool.link.capacity", "{link}", "Current target number of idle links", ({ capacity }) => [[capacity]]),
  level("npws.pool.link.dialing", "{link}", "Links being opened", ({ dialing }) => [[dialing]]),
  level("npws.pool.get.pending", "{call}", "Calls waiting for a connection", ({ waiting }) => [[waiting]]),
  {
    kind: "createObservableGauge",
    name: "npws.pool.interval",
    unit: "s",
    description: "Current interval between dial cycles",
    read: ({ intervalMs }) => [[intervalMs / 1_000]],
  },
  counter("npws.pool.link.opened", "{link}", "Links opened", ({ dialed }) => [[dialed]]),
  counter(
    "npws.pool.link.recycled",
    "{link}",
    "Links that became idle again after a stream",
    ({ recycled }) => [[recycled]],
  ),
  counter("npws.pool.link.retired", "{link}", "Links closed by the pool's own policy", ({ retired }) => [[retired]]),
  counter("npws.pool.link.lost", "{link}", "Links lost while idle", ({ lost }) => [[lost]]),
  counter("npws.pool.dial.failures", "{failure}", "Failed dials and handshakes", (stats) => [
    [stats.dialFailures],
  ]),
  counter("npws.pool.refusals", "{refusal}", "Refused upgrades", (stats) => [
    [stats.refusedForbidden, { "npws.refusal.reason": "forbidden" }],
    [stats.refusedFull, { "npws.refusal.reason": "full" }],
    [stats.refusedUnauthorized, { "npws.refusal.reason": "unauthorized" }],
  ]),
  counter("npws.pool.get.connections", "{connection}", "Connections handed to the application", ({ taken }) => [
    [taken],
  ]),
  counter("npws.pool.get.wait_time", "s", "Total time that calls waited for a connection", (stats) => [
    [stats.waitMsTotal / 1_000],
  ]),
  counter("npws.pool.get.timeouts", "{timeout}", "Calls that timed out", ({ timeouts }) => [[timeouts]]),
  counter("npws.pool.get.aborts", "{abort}", "Calls aborted by their signal", ({ aborts }) => [[aborts]]),
  counter("npws.pool.get.dead_links", "{link}", "Takes that found the link dead, silent or contended", (stats) => [
    [stats.deadOnTake],
  ]),
  counter("npws.pool.io", "By", "Stream bytes", ({ bytesRead, bytesWritten }) => [
    [bytesRead, { "network.io.direction": "receive" }],
    [bytesWritten, { "network.io.direction": "transmit" }],
  ]),
];

function level(name: string, unit: string, description: string, read: StatisticMetric["read"]): StatisticMetric {
  return { kind: "createObservableUpDownCounter", name, unit, description, read };
}

function counter(name: string, unit: string, description: string, read: StatisticMetric["read"]): StatisticMetric {
  return { kind: "createObservableCounter", name, unit, description, read };
}

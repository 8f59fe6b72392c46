import type { PoolSample } from "./sample.ts";
import type { TakeHistogram } from "./take_times.ts";

export const PROMETHEUS_CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8";

/** A value with its own labels, in addition to the pool's name. */
type Reading = readonly [value: number, labels?: Readonly<Record<string, string>>];

/** A metric that follows Prometheus's conventions: base units, the unit in the name, counters end in _total. */
interface Metric {
  readonly name: string;
  readonly type: "gauge" | "counter";
  readonly help: string;
  readonly read: (stats: PoolSample) => readonly Reading[];
}

/** The statistics of all pools in the text format of Prometheus. */
export function formatMetrics(pools: Readonly<Record<string, PoolSample>>): string {
  const entries = Object.entries(pools);
  return METRICS.map((metric) => formatMetric(metric, entries)).join("") + formatTakes(entries);
}

/** The lines of one metric are kept together, whichever pool they belong to. */
function formatMetric({ name, type, help, read }: Metric, pools: [name: string, sample: PoolSample][]): string {
  const lines = pools.flatMap(([pool, sample]) =>
    read(sample).map(([value, labels]) => `${name}{${formatLabels({ pool, ...labels })}} ${value}\n`)
  );
  return head(name, type, help) + lines.join("");
}

/** One histogram, of all pools that are timed. */
function formatTakes(pools: [name: string, sample: PoolSample][]): string {
  const timed = pools.flatMap(([pool, { takes }]) => takes ? [formatTakesOf(pool, takes)] : []);
  return timed.length === 0 ? "" : head(TAKES, "histogram", "Duration of takes.") + timed.join("");
}

function formatTakesOf(pool: string, { boundsMs, counts, sumMs }: TakeHistogram): string {
  let count = 0; // each bucket includes those below it
  const buckets = [...boundsMs.map((bound) => String(bound / 1_000)), "+Inf"].map((le, index) =>
    `${TAKES}_bucket{${formatLabels({ pool, le })}} ${count += counts[index]}\n`
  );
  const labels = formatLabels({ pool });
  return `${buckets.join("")}${TAKES}_sum{${labels}} ${sumMs / 1_000}\n${TAKES}_count{${labels}} ${count}\n`;
}

function head(name: string, type: string, help: string): string {
  return `# HELP ${name} ${help}\n# TYPE ${name} ${type}\n`;
}

function formatLabels(labels: Readonly<Record<string, string>>): string {
  return Object.entries(labels).map(([name, value]) => `${name}="${escapeLabel(value)}"`).join(",");
}

function escapeLabel(value: string): string {
  return value.replaceAll("\\", "\\\\").replaceAll('"', '\\"').replaceAll("\n", "\\n");
}

const TAKES = "npws_pool_take_duration_seconds";

const METRICS: readonly Metric[] = [
  gauge("npws_pool_links", "Open links by state.", ({ idle, inUse, links }) => [
    [idle, { state: "idle" }],
    [inUse, { state: "in_use" }],
    [links - idle - inUse, { state: "closing" }],
  ]),
  gauge("npws_pool_capacity_links", "Current target number of idle links.", ({ capacity }) => [[capacity]]),
  gauge("npws_pool_dialing_links", "Links being opened.", ({ dialing }) => [[dialing]]),
  gauge("npws_pool_waiting_calls", "Calls waiting for a connection.", ({ waiting }) => [[waiting]]),
  gauge("npws_pool_interval_seconds", "Current interval between dial cycles.", ({ intervalMs }) => [
    [intervalMs / 1_000],
  ]),
  gauge(
    "npws_pool_last_error_timestamp_seconds",
    "Unix time of the latest failure.",
    ({ lastError }) => lastError ? [[lastError.at / 1_000]] : [],
  ),
  counter("npws_pool_links_opened_total", "Links opened.", ({ dialed }) => [[dialed]]),
  counter("npws_pool_dial_failures_total", "Failed dials and handshakes.", (stats) => [[stats.dialFailures]]),
  counter("npws_pool_links_recycled_total", "Links that became idle again after a stream.", (stats) => [
    [stats.recycled],
  ]),
  counter("npws_pool_links_retired_total", "Links closed by the pool's own policy.", ({ retired }) => [[retired]]),
  counter("npws_pool_links_lost_total", "Links lost while idle.", ({ lost }) => [[lost]]),
  counter("npws_pool_refusals_total", "Refused upgrades.", (stats) => [
    [stats.refusedForbidden, { reason: "forbidden" }],
    [stats.refusedFull, { reason: "full" }],
    [stats.refusedUnauthorized, { reason: "unauthorized" }],
  ]),
  counter("npws_pool_connections_taken_total", "Connections handed to the application.", ({ taken }) => [[taken]]),
  counter("npws_pool_wait_seconds_total", "Total time that calls waited for a connection.", (stats) => [
    [stats.waitMsTotal / 1_000],
  ]),
  counter("npws_pool_timeouts_total", "Calls that timed out.", ({ timeouts }) => [[timeouts]]),
  counter("npws_pool_aborts_total", "Calls aborted by their signal.", ({ aborts }) => [[aborts]]),
  counter("npws_pool_dead_takes_total", "Takes that found the link dead, silent or contended.", (stats) => [
    [stats.deadOnTake],
  ]),
  counter("npws_pool_read_bytes_total", "Stream bytes received.", ({ bytesRead }) => [[bytesRead]]),
  counter("npws_pool_written_bytes_total", "Stream bytes sent.", ({ bytesWritten }) => [[bytesWritten]]),
];

function gauge(name: string, help: string, read: Metric["read"]): Metric {
  return { name, type: "gauge", help, read };
}

function counter(name: string, help: string, read: Metric["read"]): Metric {
  return { name, type: "counter", help, read };
}

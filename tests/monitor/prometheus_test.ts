import { assert, assertEquals } from "@std/assert";
import { spawnSync } from "node:child_process";
import { monitor } from "../../examples/monitor/monitor.ts";
import { formatMetrics } from "../../examples/monitor/prometheus.ts";
import { TakeTimes } from "../../examples/monitor/take_times.ts";
import { TAKE_TIMES } from "../../examples/monitor/timed_pool.ts";
import { test } from "../harness.ts";
import { poolWith, STATISTICS } from "../statistics.ts";
import { isAvailable } from "../debian_programs.ts";

function samplesIn(text: string): string[] {
  return text.split("\n").filter((line) => line !== "" && !line.startsWith("#"));
}

test("formatMetrics() tells every statistic in base units", () => {
  const text = formatMetrics({ edge: { ...STATISTICS, lastError: { at: 1_500, message: "lost" } } });
  assertEquals(samplesIn(text), [
    'npws_pool_links{pool="edge",state="idle"} 2',
    'npws_pool_links{pool="edge",state="in_use"} 3',
    'npws_pool_links{pool="edge",state="closing"} 4',
    'npws_pool_capacity_links{pool="edge"} 11',
    'npws_pool_dialing_links{pool="edge"} 5',
    'npws_pool_waiting_calls{pool="edge"} 7',
    'npws_pool_interval_seconds{pool="edge"} 1.3',
    'npws_pool_last_error_timestamp_seconds{pool="edge"} 1.5',
    'npws_pool_links_opened_total{pool="edge"} 17',
    'npws_pool_dial_failures_total{pool="edge"} 19',
    'npws_pool_links_recycled_total{pool="edge"} 29',
    'npws_pool_links_retired_total{pool="edge"} 31',
    'npws_pool_links_lost_total{pool="edge"} 37',
    'npws_pool_refusals_total{pool="edge",reason="forbidden"} 41',
    'npws_pool_refusals_total{pool="edge",reason="full"} 43',
    'npws_pool_refusals_total{pool="edge",reason="unauthorized"} 47',
    'npws_pool_connections_taken_total{pool="edge"} 23',
    'npws_pool_wait_seconds_total{pool="edge"} 67.5',
    'npws_pool_timeouts_total{pool="edge"} 53',
    'npws_pool_aborts_total{pool="edge"} 59',
    'npws_pool_dead_takes_total{pool="edge"} 61',
    'npws_pool_read_bytes_total{pool="edge"} 71',
    'npws_pool_written_bytes_total{pool="edge"} 73',
  ]);
});

test("formatMetrics() makes a histogram of the takes of those pools that are timed", () => {
  const takes = { boundsMs: [1, 20], counts: [2, 3, 4], sumMs: 5_500 };
  const text = formatMetrics({ timed: { ...STATISTICS, takes }, other: STATISTICS });
  assertEquals(samplesIn(text).filter((line) => line.includes("duration")), [
    'npws_pool_take_duration_seconds_bucket{pool="timed",le="0.001"} 2',
    'npws_pool_take_duration_seconds_bucket{pool="timed",le="0.02"} 5',
    'npws_pool_take_duration_seconds_bucket{pool="timed",le="+Inf"} 9',
    'npws_pool_take_duration_seconds_sum{pool="timed"} 5.5',
    'npws_pool_take_duration_seconds_count{pool="timed"} 9',
  ]);
});

test("formatMetrics() writes a metric's name, help and type once, and the lines of all pools below", () => {
  const lines = formatMetrics({ north: STATISTICS, south: { ...STATISTICS, waiting: 8 } }).split("\n");
  const start = lines.indexOf("# HELP npws_pool_waiting_calls Calls waiting for a connection.");
  assertEquals(lines.slice(start + 1, start + 4), [
    "# TYPE npws_pool_waiting_calls gauge",
    'npws_pool_waiting_calls{pool="north"} 7',
    'npws_pool_waiting_calls{pool="south"} 8',
  ]);
  assertEquals(lines.filter((line) => line.startsWith("# TYPE npws_pool_waiting_calls ")).length, 1);
});

test("formatMetrics() escapes what a label cannot have as it is", () => {
  const text = formatMetrics({ 'a\\b"c\nd': STATISTICS });
  assert(text.includes(String.raw`npws_pool_waiting_calls{pool="a\\b\"c\nd"} 7`), text);
});

test("monitor() serves metrics that promtool reads and finds nothing wrong with", async () => {
  const times = new TakeTimes();
  for (const ms of [0.05, 3, 70_000]) times.record(ms);
  const timed = { ...poolWith({ lastError: { at: Date.now(), message: "lost" } }), [TAKE_TIMES]: times };
  using handle = monitor({ timed, plain: poolWith(), 'a\\b"c\nd': poolWith() });
  const input = await handle(new Request("http://localhost/metrics"))!.text();
  const { status, stdout, stderr } = spawnSync("promtool", ["check", "metrics"], { input, encoding: "utf8" });
  assertEquals({ status, stdout, stderr }, { status: 0, stdout: "", stderr: "" });
}, { skip: !isAvailable("promtool") });

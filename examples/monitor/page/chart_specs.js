import { formatByteRate, formatCount, formatMs, formatRate } from "./format.js";

/**
 * The charts, in the order of the page. A series has the name of a member of the points; `color` is the number of a color of the
 * style sheet; `limit` is drawn as a dashed line; `isWhole` leaves out ticks that are fractions.
 */
export const CHARTS = [
  {
    title: "Links",
    unit: "links",
    kind: "stack",
    isWhole: true,
    format: formatCount,
    series: [{ name: "idle", label: "idle", color: 1 }, { name: "inUse", label: "in use", color: 2 }],
    limit: { name: "capacity", label: "capacity" },
  },
  {
    title: "Take latency",
    unit: "time to a connection",
    kind: "lines",
    isLogarithmic: true,
    format: formatMs,
    series: [
      { name: "p50Ms", label: "median", color: 2 },
      { name: "p99Ms", label: "99 %", color: 3 },
      { name: "meanMs", label: "mean wait, accept() too", color: 2 },
    ],
  },
  {
    title: "Throughput",
    unit: "bytes per second",
    kind: "lines",
    isWhole: true,
    format: formatByteRate,
    series: [{ name: "readRate", label: "read", color: 2 }, { name: "writtenRate", label: "written", color: 4 }],
  },
  {
    title: "Waiting",
    unit: "calls, accept() too",
    kind: "stack",
    isWhole: true,
    format: formatCount,
    series: [{ name: "waiting", label: "waiting", color: 3 }],
  },
  {
    title: "Connections and dials",
    unit: "per second",
    kind: "lines",
    isWhole: false,
    format: formatRate,
    series: [
      { name: "takenRate", label: "connections taken", color: 2 },
      { name: "dialedRate", label: "links opened", color: 1 },
    ],
  },
  {
    title: "Failures",
    unit: "per second",
    kind: "bars",
    isWhole: false,
    format: formatRate,
    series: [
      { name: "dialFailureRate", label: "dials", color: 5 },
      { name: "timeoutRate", label: "timeouts", color: 3 },
      { name: "lostRate", label: "links lost", color: 4 },
      { name: "refusedRate", label: "refused", color: 6 },
    ],
  },
];

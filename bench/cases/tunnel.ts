import { type Baseline, benchCase, type Figure, type Target } from "../bench_case.ts";
import { TcpLoad } from "../tcp_load.ts";
import { TcpTarget } from "../tcp_target.ts";
import { openWays, openWaysAndBare } from "../tunnel_ways.ts";

const MIB = 1024 * 1024;
const BULK_BYTES = 128 * MIB;

const WORKERS = 32;
/**
 * New connections of a measurement: on loopback it takes some five seconds, because the first second is slow: while the
 * other paths were measured, the runtimes of this one were idle, and have shrunk their heaps.
 */
const CONNECTIONS = 25_600;
const CONNECTIONS_AT_DISTANCE = 1_600;
/** The least before anything is measured: several programs each have to be compiled first; a tunnel is long-lived. */
const WARM_UP_CONNECTIONS = 8_000;
const ONE_BY_ONE = 500;
const ROUND_TRIPS = 2_000;
const HELD = 500;

/** The path's delay in each direction, in milliseconds. */
const DELAY_MS = 20;

type TunnelFigure = Figure<TcpTarget, TcpLoad>;

/** Measures one of the paths. */
type OnWay = (way: "tunnel" | "relays" | "bare" | "direct") => TunnelFigure["ours"];

/** The tunnel of the examples, compared with two plain TCP relays in a row and with a direct TCP connection. */
export const tunnel = benchCase({
  name: "tunnel",
  about:
    "The tunnel of `examples/tunnel`, from its public port to a target behind it. Compared with two plain relays of " +
    "node:net in a row, with a tunnel over raw WebSockets that has nothing of a pool, and with a direct connection.",
  server: TcpTarget,
  client: TcpLoad,
  open: openWaysAndBare,
  figures: [
    newConnections(bareToo, "new connections of 32 workers, 100 bytes each way", 0.85, CONNECTIONS),
    bareToo(
      "new connection to its first byte back, p50",
      "µs",
      { is: "at most", limit: 1.3 },
      (way) => ({ client }, effort) => client.call("firstByteUs", way, 1, ONE_BY_ONE * effort, 0.5),
    ),
    bareToo(
      "round trip on an established connection, p50",
      "µs",
      { is: "at most", limit: 1.5 },
      (way) => ({ client }, effort) => client.call("roundTripUs", way, ROUND_TRIPS * effort),
    ),
    bulk("one download", "download", 1),
    bulk("one upload", "upload", 1),
    bulk("8 downloads at once", "download", 8),
    ...(["download", "upload"] as const).map((wish) =>
      figure(
        `processor time of one ${wish}, both processes`,
        "s/GiB",
        {
          is: "at most",
          limit: 2,
        },
        (way) => ({ client }, effort) => client.call("cpuSecondsPerGib", way, wish, BULK_BYTES * effort),
        false,
      )
    ),
  ],
});

/** The memory of the two processes, which are started anew for each measurement. */
export const tunnelMemory = benchCase({
  name: "tunnel-memory",
  about: `Resident memory of both processes of the tunnel while ${HELD} connections are open.`,
  server: TcpTarget,
  client: TcpLoad,
  isFresh: true,
  open: openWays,
  figures: [
    figure(
      `memory with ${HELD} open connections, both processes`,
      "MiB",
      { is: "at most", limit: 1.5 },
      (way) => ({ client }) => client.call("heldMib", way, HELD),
      false,
    ),
  ],
});

/** The tunnel over a path with a round trip of 40 ms. */
export const tunnelDistance = benchCase({
  name: "tunnel-distance",
  about:
    `The tunnel with a path of ${2 * DELAY_MS} ms there and back between its two processes, and the plain relays ` +
    "with the same path between theirs.",
  server: TcpTarget,
  client: TcpLoad,
  open: (ends, pair) => openWays(ends, pair, DELAY_MS),
  figures: [
    atDistance(
      "new connection to its first byte back, p50",
      "ms",
      { is: "at most", limit: 1.2 * 2 * DELAY_MS },
      (way) => async ({ client }, effort) => await client.call("firstByteUs", way, 1, 50 * effort, 0.5) / 1_000,
    ),
    newConnections(atDistance, "new connections of 32 workers", 700, CONNECTIONS_AT_DISTANCE),
    atDistance(
      "first byte back of 32 workers, p99",
      "ms",
      { is: "at most", limit: 60 },
      (way) => async ({ client }, effort) =>
        await client.call("firstByteUs", way, WORKERS, CONNECTIONS_AT_DISTANCE * effort, 0.99) / 1_000,
    ),
    ...(["download", "upload"] as const).map((wish) =>
      atDistance(
        `one ${wish} after the first second`,
        "MB/s",
        { is: "at least", limit: 300 },
        (way) => ({ client }) => client.call("mbPerSecondBetween", way, wish, 1_000, 3_000),
      )
    ),
  ],
});

/** Compared like the other figures of its case, but only once all programs on the path are compiled. */
function newConnections(compared: typeof atDistance, name: string, limit: number, connections: number): TunnelFigure {
  const onWay: OnWay = (way) => ({ client }, effort) =>
    client.call("connectionsPerSecond", way, WORKERS, connections * effort);
  const warmUpRounds = Math.ceil(WARM_UP_CONNECTIONS / connections);
  return { ...compared(name, "1/s", { is: "at least", limit }, onWay), warmUpRounds };
}

function bulk(name: string, wish: "download" | "upload", connections: number): TunnelFigure {
  return figure(
    name,
    "MB/s",
    { is: "at least", limit: 0.6 },
    (way) => ({ client }, effort) =>
      client.call("mbPerSecond", way, wish, BULK_BYTES / connections * effort, connections),
  );
}

/** Compared with the relays, and with a direct connection where that is meaningful. */
function figure(name: string, unit: string, target: Target, onWay: OnWay, isDirectToo = true): TunnelFigure {
  const direct: Baseline<TcpTarget, TcpLoad> = { name: "direct TCP", measure: onWay("direct") };
  return {
    name,
    unit,
    ours: onWay("tunnel"),
    baselines: [
      { name: "two plain relays", measure: onWay("relays"), target },
      ...(isDirectToo ? [direct] : []),
    ],
  };
}

/** Likewise, and with the tunnel over raw WebSockets. */
function bareToo(name: string, unit: string, target: Target, onWay: OnWay): TunnelFigure {
  const compared = figure(name, unit, target, onWay);
  return { ...compared, baselines: [...compared.baselines, { name: "raw WebSockets", measure: onWay("bare") }] };
}

/** Has an absolute target, because the result depends on the path, not on the machine. */
function atDistance(name: string, unit: string, target: Target, onWay: OnWay): TunnelFigure {
  return {
    name,
    unit,
    target,
    ours: onWay("tunnel"),
    baselines: [{ name: "two plain relays", measure: onWay("relays") }],
  };
}

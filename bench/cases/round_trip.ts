import { benchCase } from "../bench_case.ts";
import {
  ClientPipeEnd,
  ClientPipeEnd2,
  openPipes,
  type PipeEnds,
  roundTripUs,
  ServerPipeEnd,
  ServerPipeEnd2,
} from "../pipe_ends.ts";

const TIMES = 4_000;

const figure = {
  name: "1 byte there and back",
  unit: "µs",
  target: { of: "ratio", is: "at most", limit: 1.15 },
  ours: (ends: PipeEnds, effort: number) => roundTripUs(ends, "pool", 1, TIMES * effort),
  baseline: (ends: PipeEnds, effort: number) => roundTripUs(ends, "raw", 1, TIMES * effort),
} as const;

/** One byte there and back on an established connection, against a raw WebSocket. */
export const roundTrip = benchCase({
  name: "round-trip",
  server: ServerPipeEnd,
  client: ClientPipeEnd,
  open: openPipes,
  figures: [figure],
});

/** The same on npws/2. */
export const roundTrip2 = benchCase({
  name: "round-trip-2",
  server: ServerPipeEnd2,
  client: ClientPipeEnd2,
  open: openPipes,
  figures: [figure],
});

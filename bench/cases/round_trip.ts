import { benchCase, type Figure } from "../bench_case.ts";
import { ClientPipeEnd, ClientPipeEnd2, openPipes, roundTripUs, ServerPipeEnd, ServerPipeEnd2 } from "../pipe_ends.ts";
import type { PipeKind } from "../pipe.ts";

const TIMES = 4_000;

type RoundTripFigure = Figure<ServerPipeEnd, ClientPipeEnd>;

const figure: RoundTripFigure = {
  name: "1 byte there and back",
  unit: "µs",
  ours: roundTripOf("pool"),
  baselines: [
    { name: "raw WebSocket", measure: roundTripOf("raw"), target: { is: "at most", limit: 1.15 } },
    { name: "raw TCP", measure: roundTripOf("tcp") },
    { name: "npws/1 between Go peers", measure: { go: (pair, effort) => pair.roundTripUs(TIMES * effort) } },
  ],
};

/** The round trip of one byte on an established connection, compared with a raw WebSocket. */
export const roundTrip = benchCase({
  name: "round-trip",
  about: "One byte there and back on a stream of npws/1.",
  server: ServerPipeEnd,
  client: ClientPipeEnd,
  open: (ends) => openPipes(ends),
  figures: [figure],
});

/** The same on npws/2. */
export const roundTrip2 = benchCase({
  name: "round-trip-2",
  about: "One byte there and back on a stream of npws/2.",
  server: ServerPipeEnd2,
  client: ClientPipeEnd2,
  open: (ends) => openPipes(ends),
  figures: [figure],
});

function roundTripOf(kind: PipeKind): RoundTripFigure["ours"] {
  return (ends, effort) => roundTripUs(ends, kind, 1, TIMES * effort);
}

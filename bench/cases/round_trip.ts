import { benchCase } from "../bench_case.ts";
import { ClientPipeEnd, openPipes, type PipeEnds, roundTripUs, ServerPipeEnd } from "../pipe_ends.ts";

const TIMES = 4_000;

/** One byte there and back on an established connection, against a raw WebSocket. */
export const roundTrip = benchCase({
  name: "round-trip",
  server: ServerPipeEnd,
  client: ClientPipeEnd,
  open: openPipes,
  figures: [{
    name: "1 byte there and back",
    unit: "µs",
    target: { of: "ratio", is: "at most", limit: 1.15 },
    ours: (ends: PipeEnds, effort) => roundTripUs(ends, "pool", 1, TIMES * effort),
    baseline: (ends, effort) => roundTripUs(ends, "raw", 1, TIMES * effort),
  }],
});

import { benchCase, type Figure } from "../bench_case.ts";
import { ClientPipeEnd, openPipes, roundTripUs, ServerPipeEnd } from "../pipe_ends.ts";

const TIMES = 1_000;

/** Requests that are answered with the same number of bytes, compared with one byte on the same connection. */
export const request = benchCase({
  name: "request",
  about: "Requests and answers of some size on one stream of npws/1: none may wait for a delayed acknowledgement.",
  server: ServerPipeEnd,
  client: ClientPipeEnd,
  open: (ends) => openPipes(ends),
  figures: [requestOf(2_000), requestOf(16_000)],
});

function requestOf(byteLength: number): Figure<ServerPipeEnd, ClientPipeEnd> {
  return {
    name: `${byteLength.toLocaleString("en")} bytes there and back`,
    unit: "µs",
    ours: (ends, effort) => roundTripUs(ends, "pool", byteLength, TIMES * effort),
    baselines: [{
      name: "1 byte there and back",
      measure: (ends, effort) => roundTripUs(ends, "pool", 1, TIMES * effort),
      target: { is: "at most", limit: 3 },
    }],
  };
}

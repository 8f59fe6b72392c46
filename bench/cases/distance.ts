import { FaultProxy } from "../../tests/fault/fault_proxy.ts";
import { benchCase, type Figure } from "../bench_case.ts";
import {
  ClientPipeEnd2,
  mbPerSecondAfter,
  openPipes,
  otherRole,
  type PipeEnds,
  roundTripUs,
  ServerPipeEnd2,
} from "../pipe_ends.ts";
import type { Role } from "../remote.ts";

/** The delay that the proxy adds in each direction, in milliseconds. */
const DELAY_MS = 50;

const CHUNK_BYTES = 65_536;

/** Enough for the first second and more than one second after it, at the target rate. */
const BYTES = 2_048 * CHUNK_BYTES;

/** How long the window is given to grow, in milliseconds. */
const WARM_MS = 1_000;

/** The default of `maxWindowBytes`. */
const MAX_WINDOW_BYTES = 4 * 1024 * 1024;

/** A stream to a distant peer: its window has to grow until it covers all bytes in flight. */
export const distance = benchCase({
  name: "distance",
  about:
    "One stream of npws/2 through a proxy that delays everything: its window has to grow until it holds what is under way.",
  server: ServerPipeEnd2,
  client: ClientPipeEnd2,
  async open(ends: PipeEnds) {
    let proxy: FaultProxy | undefined;
    await openPipes(ends, async (url) => {
      proxy = await FaultProxy.listen(Number(new URL(url).port), { delayMs: DELAY_MS });
      return proxy.url;
    });
    return proxy;
  },
  figures: [farAwayFrom("client"), farAwayFrom("server")],
});

function farAwayFrom(sender: Role): Figure<ServerPipeEnd2, ClientPipeEnd2> {
  return {
    name: `to the ${otherRole(sender)} over a round trip of ${2 * DELAY_MS} ms, after the first second`,
    unit: "MB/s",
    ours: (ends) => mbPerSecondAfter(WARM_MS, ends, sender, BYTES, CHUNK_BYTES),
    baselines: [{
      name: "largest window / round trip",
      measure: async (ends) => MAX_WINDOW_BYTES / await roundTripUs(ends, "pool", 1, 10),
      target: { is: "at least", limit: 0.8 },
    }],
  };
}

import { benchCase, type Ends, type Figure, type Target } from "../bench_case.ts";
import { SessionClient, SessionServer, type Start } from "../session_ends.ts";

const WORKERS = 32;
const SESSIONS = 8_000;
const ONE_BY_ONE = 1_000;

type SessionFigure = Figure<SessionServer, SessionClient>;

/** Sessions on links that are used again (npws/2), against a fresh WebSocket for each, and against a round trip. */
export const session = benchCase({
  name: "session",
  server: SessionServer,
  client: SessionClient,
  async open({ server, client }: Ends<SessionServer, SessionClient>) {
    const urls = await server.call("listen");
    await server.call("serve");
    await client.call("connectTo", urls);
  },
  figures: [
    perSecond("told"),
    perSecond("open"),
    oneByOne("told"),
    againstRoundTrip("open() and 100 bytes each way", "open", 100, 2.3),
    againstRoundTrip("early open() and 100 bytes each way", "early", 100, 1.3),
    requestOf2000(),
  ],
});

function perSecond(start: Start): SessionFigure {
  return {
    name: `sessions of ${WORKERS} workers, ${start === "told" ? "id told" : "open()"}, 1 KiB each way`,
    unit: "1/s",
    target: { of: "ratio", is: "at least", limit: 3 },
    ours: ({ client }, effort) => client.call("perSecond", "pool", start, WORKERS, SESSIONS * effort, 1_024),
    baseline: ({ client }, effort) => client.call("perSecond", "raw", start, WORKERS, SESSIONS / 4 * effort, 1_024),
  };
}

function oneByOne(start: Start): SessionFigure {
  return {
    name: "session after session, id told, 1 KiB each way",
    unit: "µs",
    target: { of: "ratio", is: "at most", limit: 0.5 },
    ours: ({ client }, effort) => client.call("medianUs", "pool", start, ONE_BY_ONE * effort, 1_024),
    baseline: ({ client }, effort) => client.call("medianUs", "raw", start, ONE_BY_ONE * effort, 1_024),
  };
}

function againstRoundTrip(name: string, start: Start, byteLength: number, limit: number): SessionFigure {
  const target: Target = { of: "ratio", is: "at most", limit };
  return {
    name,
    unit: "µs",
    target,
    ours: ({ client }, effort) => client.call("medianUs", "pool", start, ONE_BY_ONE * effort, byteLength),
    baseline: ({ client }, effort) => client.call("rawRoundTripUs", ONE_BY_ONE * effort),
  };
}

/** A stall of 44 ms would show here. */
function requestOf2000(): SessionFigure {
  return {
    name: "open() and 2,000 bytes each way, against 100",
    unit: "µs",
    target: { of: "ratio", is: "at most", limit: 2 },
    ours: ({ client }, effort) => client.call("medianUs", "pool", "open", ONE_BY_ONE * effort, 2_000),
    baseline: ({ client }, effort) => client.call("medianUs", "pool", "open", ONE_BY_ONE * effort, 100),
  };
}

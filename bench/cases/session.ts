import { type Baseline, benchCase, type Ends, type Figure, type Target } from "../bench_case.ts";
import { SessionClient, type SessionKind, SessionServer } from "../session_ends.ts";

const WORKERS = 32;
const SESSIONS = 8_000;
const FRESH_SESSIONS = 2_000;
const ONE_BY_ONE = 1_000;
const GO_ONE_BY_ONE = 200;

/** What the messages of a session cost without the pool and its streams. */
const sameMessages = "same messages, no streams";

/** What they cost with web streams created for each session, as the API requires. */
const bareStreams = "same messages, bare web streams";

type SessionFigure = Figure<SessionServer, SessionClient>;
type SessionBaseline = Baseline<SessionServer, SessionClient>;

/** Sessions on reused links (npws/2), compared with a fresh WebSocket for each session, and with a round trip. */
export const session = benchCase({
  name: "session",
  about:
    "Streams on links that are used again (npws/2): each sends 1 KiB and its end, and reads as much. Compared with a fresh connection for each, and with the bare messages that such a stream consists of, which is what the runtime leaves to be gained, without streams and with web streams that have nothing behind them. Between Go peers a link carries one stream, as in the Go package.",
  server: SessionServer,
  client: SessionClient,
  async open({ server, client }: Ends<SessionServer, SessionClient>) {
    const addresses = await server.call("listen");
    await server.call("serve");
    await client.call("connectTo", addresses);
  },
  figures: [
    manyAtOnce("told"),
    manyAtOnce("open"),
    oneByOne("told"),
    oneByOne("open"),
    againstRoundTrip("open() and 100 bytes each way", "open", 2.3, "streams"),
    againstRoundTrip("early open() and 100 bytes each way", "early", 1.3, "earlyStreams"),
    requestOf2000(),
  ],
});

function manyAtOnce(kind: "told" | "open"): SessionFigure {
  const perSecond = (kind: SessionKind, sessions: number): SessionFigure["ours"] => ({ client }, effort) =>
    client.call("perSecond", kind, WORKERS, sessions * effort, 1_024);
  return {
    name: `sessions of ${WORKERS} workers, ${described(kind)}, 1 KiB each way`,
    unit: "1/s",
    ours: perSecond(kind, SESSIONS),
    target: { is: "at least", limit: 10_000 },
    baselines: [
      { name: "fresh WebSocket", measure: perSecond("raw", FRESH_SESSIONS), target: { is: "at least", limit: 3 } },
      { name: "fresh TCP", measure: perSecond("tcp", FRESH_SESSIONS) },
      { name: sameMessages, measure: perSecond("messages", SESSIONS) },
      {
        name: "npws/1 between Go peers",
        measure: { go: (pair, effort) => pair.sessionsPerSecond(WORKERS, FRESH_SESSIONS * effort) },
      },
    ],
  };
}

function oneByOne(kind: "told" | "open"): SessionFigure {
  return {
    name: `session after session, ${described(kind)}, 1 KiB each way`,
    unit: "µs",
    ours: medianUs(kind, 1_024),
    baselines: [
      { name: "fresh WebSocket", measure: medianUs("raw", 1_024), target: { is: "at most", limit: 0.5 } },
      { name: "fresh TCP", measure: medianUs("tcp", 1_024) },
      { name: sameMessages, measure: medianUs("messages", 1_024) },
      { name: "npws/1 between Go peers", measure: { go: (pair, effort) => pair.sessionUs(GO_ONE_BY_ONE * effort) } },
    ],
  };
}

function againstRoundTrip(
  name: string,
  kind: "open" | "early",
  limit: number,
  streams: "streams" | "earlyStreams",
): SessionFigure {
  const roundTrip: SessionBaseline = {
    name: "raw WebSocket round trip",
    measure: ({ client }, effort) => client.call("rawRoundTripUs", ONE_BY_ONE * effort),
    target: { is: "at most", limit },
  };
  const floor: SessionBaseline = { name: bareStreams, measure: medianUs(streams, 100) };
  return { name, unit: "µs", ours: medianUs(kind, 100), baselines: [roundTrip, floor] };
}

/** A stall of 44 ms would show here. */
function requestOf2000(): SessionFigure {
  const target: Target = { is: "at most", limit: 2 };
  return {
    name: "open() and 2,000 bytes each way",
    unit: "µs",
    ours: medianUs("open", 2_000),
    baselines: [{ name: "100 bytes each way", measure: medianUs("open", 100), target }],
  };
}

function medianUs(kind: SessionKind, byteLength: number): SessionFigure["ours"] {
  return ({ client }, effort) => client.call("medianUs", kind, ONE_BY_ONE * effort, byteLength);
}

function described(kind: "told" | "open"): string {
  return kind === "told" ? "id told" : "open()";
}

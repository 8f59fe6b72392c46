import { benchCase, type Figure } from "../bench_case.ts";
import {
  ClientPipeEnd,
  ClientPipeEnd2,
  mbPerSecond,
  mbPerSecondOnAll,
  openPipes,
  ServerPipeEnd,
  ServerPipeEnd2,
} from "../pipe_ends.ts";
import type { PipeKind } from "../pipe.ts";
import type { Role } from "../remote.ts";

type PipeFigure = Figure<ServerPipeEnd, ClientPipeEnd>;

const MIB = 1024 * 1024;

/** How many writes the compiler needs to see before it optimizes. */
const WARM_UP_WRITES = 10_000;

/** One stream compared with a raw WebSocket that sends one frame per write. */
export const throughput = benchCase({
  name: "throughput",
  about: "One stream of npws/1, through its web streams. The raw WebSocket sends a frame for each write.",
  server: ServerPipeEnd,
  client: ClientPipeEnd,
  open: (ends) => openPipes(ends),
  figures: bothWays((sender) => [
    writesOf(65_536, 256 * MIB, 0.85, sender),
    writesOf(1_024, 16 * MIB, 2, sender),
  ]),
});

/** The same on npws/2, which has flow control in both directions, and eight concurrent streams compared with one. */
export const throughput2 = benchCase({
  name: "throughput-2",
  about:
    "Streams of npws/2, with flow control in both directions, through their web streams. The raw WebSocket sends a frame for each write.",
  server: ServerPipeEnd2,
  client: ClientPipeEnd2,
  open: (ends) => openPipes(ends),
  figures: bothWays((sender) => [
    writesOf(65_536, 256 * MIB, 0.8, sender),
    writesOf(1_024, 16 * MIB, 2.5, sender),
    writesOf(64, 4 * MIB, 8, sender),
    eightAtOnce(sender),
  ]),
});

function bothWays(figuresOf: (sender: Role) => PipeFigure[]): PipeFigure[] {
  return (["client", "server"] as const).flatMap(figuresOf);
}

function writesOf(chunkBytes: number, byteLength: number, limit: number, sender: Role): PipeFigure {
  const measure = (kind: PipeKind): PipeFigure["ours"] => (ends, effort) =>
    mbPerSecond(ends, kind, sender, byteLength * effort, chunkBytes);
  return {
    name: `${chunkBytes.toLocaleString("en")}-byte writes to the ${receiverOf(sender)}`,
    unit: "MB/s",
    ours: measure("pool"),
    baselines: [
      { name: "raw WebSocket", measure: measure("raw"), target: { is: "at least", limit } },
      { name: "raw TCP", measure: measure("tcp") },
      {
        name: "npws/1 between Go peers",
        measure: { go: (pair, effort) => pair.mbPerSecond(sender, byteLength * effort, chunkBytes) },
      },
    ],
    warmUpRounds: Math.ceil(WARM_UP_WRITES / (byteLength / chunkBytes)),
  };
}

function eightAtOnce(sender: Role): PipeFigure {
  return {
    name: `8 streams at once to the ${receiverOf(sender)}, 65,536-byte writes`,
    unit: "MB/s",
    ours: (ends, effort) => mbPerSecondOnAll(ends, sender, 32 * MIB * effort, 65_536),
    baselines: [{
      name: "one stream",
      measure: (ends, effort) => mbPerSecond(ends, "pool", sender, 256 * MIB * effort, 65_536),
      target: { is: "at least", limit: 0.9 },
    }],
  };
}

function receiverOf(sender: Role): Role {
  return sender === "client" ? "server" : "client";
}

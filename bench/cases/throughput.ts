import { benchCase, type Ends, type Figure } from "../bench_case.ts";
import type { PipeKind } from "../pipe.ts";
import { ClientPipeEnd, ClientPipeEnd2, openPipes, type PipeEnd, ServerPipeEnd, ServerPipeEnd2 } from "../pipe_ends.ts";

const MIB = 1024 * 1024;

type Sender = "client" | "server";

/** One stream against a raw WebSocket with one frame for each write. */
export const throughput = benchCase({
  name: "throughput",
  server: ServerPipeEnd,
  client: ClientPipeEnd,
  open: openPipes,
  figures: [
    writesOf(65_536, 64 * MIB, 0.85, "client"),
    writesOf(65_536, 64 * MIB, 0.85, "server"),
    writesOf(1_024, 16 * MIB, 2, "client"),
    writesOf(1_024, 16 * MIB, 2, "server"),
  ],
});

/** The same on npws/2, which has flow control in both directions. */
export const throughput2 = benchCase({
  name: "throughput-2",
  server: ServerPipeEnd2,
  client: ClientPipeEnd2,
  open: openPipes,
  figures: [
    writesOf(65_536, 64 * MIB, 0.8, "client"),
    writesOf(65_536, 64 * MIB, 0.8, "server"),
    writesOf(1_024, 16 * MIB, 2.5, "client"),
    writesOf(1_024, 16 * MIB, 2.5, "server"),
    writesOf(64, 4 * MIB, 8, "client"),
    writesOf(64, 4 * MIB, 8, "server"),
  ],
});

function writesOf(
  chunkBytes: number,
  byteLength: number,
  limit: number,
  sender: Sender,
): Figure<ServerPipeEnd, ClientPipeEnd> {
  const measure = (kind: PipeKind) => (ends: Ends<PipeEnd, PipeEnd>, effort: number) =>
    mbPerSecond(ends, kind, sender, byteLength * effort, chunkBytes);
  return {
    name: `${chunkBytes.toLocaleString("en")}-byte writes to the ${sender === "client" ? "server" : "client"}`,
    unit: "MB/s",
    target: { of: "ratio", is: "at least", limit },
    ours: measure("pool"),
    baseline: measure("raw"),
  };
}

async function mbPerSecond(
  ends: Ends<PipeEnd, PipeEnd>,
  kind: PipeKind,
  sender: Sender,
  byteLength: number,
  chunkBytes: number,
): Promise<number> {
  const receiver = sender === "client" ? "server" : "client";
  const [ms] = await Promise.all([
    ends[sender].call("send", kind, byteLength, chunkBytes),
    ends[receiver].call("receive", kind, byteLength),
  ]);
  return byteLength / ms / 1_000;
}

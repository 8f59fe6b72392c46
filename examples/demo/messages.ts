import type { PoolStats } from "@npws/pool";
import type { Readable } from "node:stream";

/** What the demo sends to its server process: first "listen", then anything else. When the messages end, the process ends. */
export type ToServer =
  | { kind: "listen"; port: number; cert: string; key: string; maxCapacity: number }
  | { kind: "tellStats" };

/** What the server process answers. */
export type FromServer =
  | { kind: "listening"; port: number }
  | { kind: "arrived"; id: string; sha256: string }
  | { kind: "stats"; stats: PoolStats }
  | { kind: "failed"; message: string };

/** A message as a line. */
export function encode(message: ToServer | FromServer): string {
  return `${JSON.stringify(message)}\n`;
}

/** The messages of a stream, until it ends. */
export async function* decode<Message extends ToServer | FromServer>(stream: Readable): AsyncGenerator<Message> {
  let rest = "";
  for await (const text of stream.setEncoding("utf8")) {
    const lines = (rest + text).split("\n");
    rest = lines.pop()!;
    for (const line of lines) yield JSON.parse(line);
  }
}

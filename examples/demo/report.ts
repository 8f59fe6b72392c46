import type { PoolStats } from "@npws/pool";
import { formatBytes, formatDuration, formatRate, formatTable } from "./format.ts";
import type { Transfer } from "./transfer.ts";

/** The part of a transfer that is reported. */
export type TransferResult = Pick<
  Transfer,
  "number" | "id" | "totalBytes" | "gotInMs" | "sentInMs" | "returnedInMs"
>;

/** A table of the transfers, and of all together. */
export function describeTransfers(transfers: readonly TransferResult[], elapsedMs: number): string {
  const rows = transfers.map(({ number, id, totalBytes, gotInMs, sentInMs, returnedInMs }) => [
    `Connection ${number}`,
    id!,
    formatDuration(gotInMs),
    formatRate(totalBytes, sentInMs),
    formatRate(totalBytes, returnedInMs),
    formatDuration(returnedInMs),
  ]);
  const allBytes = transfers.reduce((sum, { totalBytes }) => sum + totalBytes, 0);
  const rate = formatRate(allBytes, elapsedMs);
  const table = formatTable([
    ["", "Id", "Got in", "To server", "Back", "Time"],
    ...rows,
    ["Total", "", "", rate, rate, formatDuration(elapsedMs)],
  ]);
  return table.join("\n");
}

/** A table of the statistics of both pools. */
export function describePools(client: PoolStats, server: PoolStats): string {
  const row = (label: string, tell: (stats: PoolStats) => string | number) => [
    label,
    String(tell(client)),
    String(tell(server)),
  ];
  const table = formatTable([
    ["Pool", "Client", "Server"],
    row("Idle links", (stats) => stats.idle),
    row("Links in use", (stats) => stats.inUse),
    row("Links opened", (stats) => stats.dialed),
    row("Links recycled", (stats) => stats.recycled),
    row("Failed dials", (stats) => stats.dialFailures),
    row("Lost while idle", (stats) => stats.lost),
    row("Connections taken", (stats) => stats.taken),
    row("Mean wait", (stats) => formatDuration(stats.waitMsTotal / stats.taken)),
    row("Bytes read", (stats) => formatBytes(stats.bytesRead)),
    row("Bytes written", (stats) => formatBytes(stats.bytesWritten)),
  ]);
  return table.join("\n");
}

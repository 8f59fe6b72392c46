import { readFileSync } from "node:fs";

const ESTABLISHED = "01";

/**
 * Counts the ends of TCP connections to or from an IPv4 port that neither side has begun to close; for a connection within this
 * machine, both ends count. Only Linux lists them; on other systems the count is 0.
 */
export function countEstablished(port: number): number {
  const wanted = port.toString(16).toUpperCase().padStart(4, "0");
  const rows = listConnections().map((line) => line.trim().split(/\s+/));
  return rows.filter(([, local, remote, state]) =>
    state === ESTABLISHED && (local.endsWith(`:${wanted}`) || remote.endsWith(`:${wanted}`))
  ).length;
}

function listConnections(): string[] {
  try {
    return readFileSync("/proc/self/net/tcp", "utf8").trim().split("\n").slice(1);
  } catch {
    return [];
  }
}

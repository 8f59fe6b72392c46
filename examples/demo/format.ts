/** A number of bytes: "512 B", "95.6 MB". */
export function formatBytes(bytes: number): string {
  if (bytes < 1e3) return `${bytes} B`;
  if (bytes < 999_950) return `${(bytes / 1e3).toFixed(1)} kB`;
  if (bytes < 999_950_000) return `${(bytes / 1e6).toFixed(1)} MB`;
  return `${(bytes / 1e9).toFixed(2)} GB`;
}

/** Megabytes (10^6 bytes) per second: "141 MB/s"; "-" when there was nothing to measure. */
export function formatRate(bytes: number, elapsedMs: number): string {
  const rate = bytes / 1e3 / elapsedMs;
  if (!(rate > 0 && rate < Infinity)) return "-";
  return `${rate.toFixed(rate < 99.95 ? 1 : 0)} MB/s`;
}

/** A duration: "0.31 ms", "83 ms", "1.52 s". */
export function formatDuration(durationMs: number): string {
  if (durationMs < 9.995) return `${durationMs.toFixed(2)} ms`;
  if (durationMs < 999.5) return `${durationMs.toFixed(0)} ms`;
  return `${(durationMs / 1e3).toFixed(2)} s`;
}

/** Lines of columns under a heading, the first column aligned to the left and all others to the right. */
export function formatTable(rows: readonly (readonly string[])[]): string[] {
  const widths = rows[0].map((_, column) => Math.max(...rows.map((row) => row[column].length)));
  return rows.map((row) =>
    row.map((cell, column) => column === 0 ? cell.padEnd(widths[0]) : cell.padStart(widths[column])).join("  ")
  );
}

/** Numbers as people read them, short enough for a label. */

const integers = new Intl.NumberFormat("en");

/** "12,345" up to a million, then "1.2 M". */
export function formatCount(value) {
  if (Math.abs(value) >= 1e9) return `${trim(value / 1e9)} G`;
  if (Math.abs(value) >= 1e6) return `${trim(value / 1e6)} M`;
  return Number.isInteger(value) ? integers.format(value) : trim(value);
}

/** Something per second: "0.2", "12". */
export function formatRate(value) {
  return integers.format(Number(value.toFixed(value < 9.95 ? 1 : 0)));
}

/** "12.5 kB"; 1 kB is 1,000 bytes. */
export function formatBytes(value) {
  const units = ["B", "kB", "MB", "GB", "TB"];
  let index = 0;
  while (Math.abs(value) >= 999.5 && index < units.length - 1) {
    value /= 1_000;
    index++;
  }
  return `${index === 0 ? Math.round(value) : trim(value)} ${units[index]}`;
}

/** "12.5 kB/s". */
export function formatByteRate(value) {
  return `${formatBytes(value)}/s`;
}

/** "0.42 ms", "12 ms", "1.5 s". */
export function formatMs(value) {
  return value < 999.5 ? `${trim(value)} ms` : `${trim(value / 1_000)} s`;
}

/** "now", "−15 s", "−2 min". */
export function formatAge(ms) {
  const seconds = Math.round(ms / 1_000);
  if (seconds === 0) return "now";
  return seconds % 60 === 0 ? `−${seconds / 60} min` : `−${seconds} s`;
}

/** Three digits that count, and no zeros behind the point that say nothing. */
function trim(value) {
  const digits = Math.abs(value) < 9.995 ? 2 : Math.abs(value) < 99.95 ? 1 : 0;
  return integers.format(Number(value.toFixed(digits)));
}

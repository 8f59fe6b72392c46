import { formatByteRate, formatCount, formatMs, formatRate } from "./format.js";
import { failuresOf } from "./points.js";

/**
 * The numbers at the top, for those who have a second.
 *
 * @param {object} stats The latest statistics of the pool.
 * @param {object | undefined} point What is drawn of them.
 * @returns {{ label: string, value: string, note: string, isAlarming?: boolean }[]}
 */
export function tilesOf(stats, point) {
  const told = (value, format) => value === undefined ? "–" : format(value);
  const { p50Ms, p99Ms, meanMs, takenRate, readRate, writtenRate, failureRate } = point ?? {};
  return [
    { label: "Idle links", value: formatCount(stats.idle), note: `target ${formatCount(stats.capacity)}` },
    { label: "In use", value: formatCount(stats.inUse), note: `${told(takenRate, formatRate)} taken a second` },
    { label: "Waiting calls", value: formatCount(stats.waiting), note: `${formatCount(stats.dialing)} dialing` },
    stats.takes
      ? { label: "Take latency", value: told(p50Ms, formatMs), note: `99 %: ${told(p99Ms, formatMs)}` }
      : { label: "Mean wait", value: told(meanMs, formatMs), note: "accept() too" },
    { label: "Read", value: told(readRate, formatByteRate), note: `written ${told(writtenRate, formatByteRate)}` },
    {
      label: "Failures",
      value: formatCount(failuresOf(stats)),
      note: "since the start",
      isAlarming: failureRate > 0,
    },
  ];
}

/** Puts them into a list. */
export function showTiles(list, tiles) {
  list.replaceChildren(...tiles.map(({ label, value, note, isAlarming = false }) => {
    const tile = document.createElement("div");
    tile.append(
      textElement("dt", "", label),
      textElement("dd", isAlarming ? "number alarming" : "number", value),
      textElement("dd", "note", note),
    );
    return tile;
  }));
}

function textElement(name, className, text) {
  const element = document.createElement(name);
  element.className = className;
  element.textContent = text;
  return element;
}

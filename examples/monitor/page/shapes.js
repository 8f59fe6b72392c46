/** The outlines of lines, areas and bars as SVG path data. Points without a value are gaps. */

/**
 * @param {[x: number, y: number | undefined][]} places
 * @returns {string} A line through them; a lone place between gaps is a dot, given round line caps.
 */
export function linePath(places) {
  return runsOf(places).map((run) => `M${run.map(place).join("L")}${run.length === 1 ? "h0" : ""}`).join("");
}

/**
 * @param {[x: number, low: number | undefined, high: number | undefined][]} places
 * @returns {string} What is between two lines.
 */
export function areaPath(places) {
  return runsOf(places).map((run) => {
    const top = run.map(([x, , high]) => place([x, high]));
    const bottom = run.map(([x, low]) => place([x, low])).reverse();
    return `M${[...top, ...bottom].join("L")}Z`;
  }).join("");
}

/**
 * @param {[x: number, low: number | undefined, high: number | undefined][]} places The middles of the bars.
 * @param {number} width
 * @returns {string} A bar at each place, where it has a height.
 */
export function barPath(places, width) {
  return places.filter(([, low, high]) => low !== high).map(([x, low, high]) => {
    return `M${place([x - width / 2, low])}V${round(high)}h${round(width)}V${round(low)}Z`;
  }).join("");
}

/** Splits at the gaps. */
function runsOf(places) {
  const runs = [[]];
  for (const each of places) {
    if (each.at(-1) !== undefined) runs.at(-1).push(each);
    else if (runs.at(-1).length > 0) runs.push([]);
  }
  return runs.filter((run) => run.length > 0);
}

function place([x, y]) {
  return `${round(x)} ${round(y)}`;
}

/** A tenth of a pixel is all that can be seen. */
function round(pixels) {
  return Math.round(pixels * 10) / 10;
}

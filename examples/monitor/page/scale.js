/** Axes: which numbers stand on them, and where. */

/**
 * The ticks of an axis from 0 to at least `max`: three to six round numbers.
 *
 * @param {number} max
 * @param {{ isWhole: boolean }} options Whether half of something makes no sense.
 * @returns {number[]}
 */
export function niceTicks(max, { isWhole }) {
  const least = isWhole ? 1 : 0;
  const rough = max / 4;
  const power = 10 ** Math.floor(Math.log10(rough || 1));
  const step = Math.max(
    least,
    power * [1, 2, 2.5, 5, 10].find((factor) => {
      return power * factor >= rough * 0.999 && (!isWhole || Number.isInteger(power * factor));
    }),
  );
  const count = Math.max(isWhole ? 2 : 1, Math.ceil(max / step * 0.999));
  return Array.from({ length: count + 1 }, (_, index) => Number((index * step).toPrecision(12)));
}

/**
 * The ticks of a logarithmic axis: powers of ten around the values, two at least.
 *
 * @param {number[]} values
 * @returns {number[]}
 */
export function decadeTicks(values) {
  const exponents = values.filter((value) => value > 0).map(Math.log10);
  const lowest = exponents.length > 0 ? Math.floor(Math.min(...exponents)) : 0;
  const highest = Math.max(lowest + 1, Math.ceil(Math.max(...exponents)));
  return Array.from({ length: highest - lowest + 1 }, (_, index) => Number(`1e${lowest + index}`));
}

/** Maps a domain to a range of pixels. */
export function linear([domainStart, domainEnd], [rangeStart, rangeEnd]) {
  const factor = (rangeEnd - rangeStart) / (domainEnd - domainStart || 1);
  return (value) => rangeStart + (value - domainStart) * factor;
}

/** The same by magnitude; what is below the domain stands at its start. */
export function logarithmic([domainStart, domainEnd], range) {
  const byExponent = linear([Math.log10(domainStart), Math.log10(domainEnd)], range);
  return (value) => byExponent(Math.log10(Math.max(value, domainStart)));
}

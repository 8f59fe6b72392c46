import { formatAge } from "./format.js";
import { decadeTicks, linear, logarithmic, niceTicks } from "./scale.js";
import { areaPath, barPath, linePath } from "./shapes.js";

const HEIGHT = 200;
const MARGIN = { top: 22, right: 12, bottom: 24, left: 64 };

/** Below this width every other label of the time axis is left out. */
const NARROW = 420;

/** A limit that is further above the values than this would make them flat, and is only told. */
const LIMIT_FACTOR = 2;

/** One chart on a card with its title, its legend and its values. */
export class Chart {
  /** To be put into the page. */
  element = document.createElement("section");
  #spec;
  #svg = svgElement("svg", { role: "img" });
  #legend = document.createElement("dl");
  #drawing;

  /**
   * @param {object} spec One of chart_specs.js.
   * @param {(at: number | undefined) => void} onPoint Told the moment that the pointer is at.
   */
  constructor(spec, onPoint) {
    this.#spec = spec;
    const heading = document.createElement("h2");
    heading.textContent = spec.title;
    this.#legend.className = "legend";
    this.element.className = "card";
    this.element.append(heading, this.#legend, this.#svg);
    for (const type of ["pointermove", "pointerdown"]) {
      this.#svg.addEventListener(type, ({ clientX }) => {
        onPoint(this.#drawing?.momentAt(clientX - this.#svg.getBoundingClientRect().left));
      });
    }
    for (const type of ["pointerleave", "pointercancel"]) this.#svg.addEventListener(type, () => onPoint(undefined));
  }

  /** Draws the points in a window of time that ends at `now`, and tells the values of one of them. */
  draw(points, { now, windowMs }, told) {
    const series = this.#spec.series.filter(({ name }) => points.some((point) => name in point));
    const spec = { ...this.#spec, series };
    this.#tell(spec, told);
    const width = this.#svg.clientWidth;
    if (width === 0) return; // hidden
    this.#svg.setAttribute("viewBox", `0 0 ${width} ${HEIGHT}`);
    this.#drawing = new Drawing(spec, points, { now, windowMs, width });
    this.#svg.replaceChildren(...this.#drawing.elements(told));
  }

  #tell({ title, series, limit, format }, told) {
    const values = [...series, ...limit ? [{ ...limit, color: "limit" }] : []].map(({ name, label, color }) => {
      const value = told?.[name];
      return { label, color, text: value === undefined ? "–" : format(value) };
    });
    this.#legend.replaceChildren(...values.map(legendEntry));
    this.#svg.setAttribute(
      "aria-label",
      `${title}: ${values.map(({ label, text }) => `${label} ${text}`).join(", ")}`,
    );
  }
}

/** The chart at one size, with one set of points. */
class Drawing {
  #spec;
  #points;
  #time;
  #x;
  #y;
  #ticks;
  #layers;

  constructor(spec, points, time) {
    this.#spec = spec;
    this.#points = points;
    this.#time = time;
    this.#layers = layersOf(spec, points);
    this.#ticks = spec.isLogarithmic ? decadeTicks(this.#values()) : niceTicks(this.#highest(), spec);
    this.#x = linear([time.now - time.windowMs, time.now], [MARGIN.left, time.width - MARGIN.right]);
    const scale = spec.isLogarithmic ? logarithmic : linear;
    this.#y = scale([this.#ticks[0], this.#ticks.at(-1)], [HEIGHT - MARGIN.bottom, MARGIN.top]);
  }

  /** The moment at a distance from the left edge. */
  momentAt(x) {
    const { now, windowMs, width } = this.#time;
    return linear([MARGIN.left, width - MARGIN.right], [now - windowMs, now])(x);
  }

  elements(told) {
    return [...this.#valueAxis(), ...this.#timeAxis(), ...this.#shapes(), ...this.#limit(), ...this.#cursor(told)];
  }

  /** Where the layers end on top. */
  #values() {
    return this.#layers.flatMap(({ spans }) => spans.map(([, high]) => high ?? 0));
  }

  #highest() {
    const highest = Math.max(0, ...this.#values());
    const limit = Math.max(0, ...this.#limits().map((value) => value ?? 0));
    return limit <= highest * LIMIT_FACTOR ? Math.max(highest, limit) : highest;
  }

  #limits() {
    const { limit } = this.#spec;
    return limit ? this.#points.map((point) => point[limit.name]) : [];
  }

  *#valueAxis() {
    const { unit, format } = this.#spec;
    yield svgText(unit, { x: 0, y: 10, class: "unit" });
    for (const tick of this.#ticks) {
      const y = this.#y(tick);
      yield svgElement("line", { x1: MARGIN.left, x2: this.#time.width - MARGIN.right, y1: y, y2: y, class: "grid" });
      yield svgText(format(tick), { x: MARGIN.left - 8, y: y + 4, class: "value" });
    }
  }

  *#timeAxis() {
    const { now, windowMs, width } = this.#time;
    const parts = width < NARROW ? 2 : 4;
    for (let part = 0; part <= parts; part++) {
      const age = windowMs * (1 - part / parts);
      const anchor = part === 0 ? "start" : part === parts ? "end" : "middle";
      yield svgText(formatAge(age), { x: this.#x(now - age), y: HEIGHT - 6, class: "time", "text-anchor": anchor });
    }
  }

  *#shapes() {
    for (const { color, spans } of this.#layers) {
      const places = spans.map(([low, high], index) => {
        return [this.#x(this.#points[index].at), this.#pixels(low), this.#pixels(high)];
      });
      if (this.#spec.kind === "bars") {
        yield svgElement("path", { d: barPath(places, this.#barWidth()), class: `bar color-${color}` });
        continue;
      }
      if (this.#spec.kind === "stack") yield svgElement("path", { d: areaPath(places), class: `area color-${color}` });
      const tops = places.map(([x, , high]) => [x, high]);
      yield svgElement("path", { d: linePath(tops), class: `line color-${color}` });
    }
  }

  *#limit() {
    const places = this.#limits().map((value, index) => [this.#x(this.#points[index].at), this.#pixels(value)]);
    if (places.some(([, y]) => y < MARGIN.top)) return;
    yield svgElement("path", { d: linePath(places), class: "line color-limit" });
  }

  /** Where the pointer is on the time axis, on all charts. */
  *#cursor(told) {
    if (!told || told === this.#points.at(-1)) return;
    const x = this.#x(told.at);
    const anchor = x < MARGIN.left + 30 ? "start" : x > this.#time.width - 60 ? "end" : "middle";
    yield svgText(formatAge(this.#time.now - told.at), { x, y: 14, class: "told", "text-anchor": anchor });
    yield svgElement("line", { x1: x, x2: x, y1: MARGIN.top, y2: HEIGHT - MARGIN.bottom, class: "cursor" });
  }

  #pixels(value) {
    return value === undefined ? undefined : this.#y(value);
  }

  /** What is between two samples, with a little air. */
  #barWidth() {
    const [first, last] = [this.#points[0]?.at, this.#points.at(-1)?.at];
    const pause = this.#points.length > 1 ? (last - first) / (this.#points.length - 1) : 1_000;
    return Math.max(1, (this.#x(pause) - this.#x(0)) * 0.75);
  }
}

/** Where each series begins and ends at each point: at 0, or on top of the series before where they are stacked. */
function layersOf({ kind, series }, points) {
  const heights = points.map(() => 0);
  return series.map(({ name, color }) => {
    const spans = points.map((point, index) => {
      const value = point[name];
      if (value === undefined) return [undefined, undefined];
      if (kind === "lines") return [0, value];
      return [heights[index], heights[index] += value];
    });
    return { color, spans };
  });
}

function legendEntry({ label, color, text }) {
  const entry = document.createElement("div");
  const [term, value] = [document.createElement("dt"), document.createElement("dd")];
  entry.className = `color-${color}`;
  term.textContent = label;
  value.textContent = text;
  entry.append(term, value);
  return entry;
}

function svgElement(name, attributes) {
  const element = document.createElementNS("http://www.w3.org/2000/svg", name);
  for (const [attribute, value] of Object.entries(attributes)) element.setAttribute(attribute, value);
  return element;
}

function svgText(text, attributes) {
  const element = svgElement("text", attributes);
  element.textContent = text;
  return element;
}

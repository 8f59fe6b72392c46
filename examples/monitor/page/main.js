import { Chart } from "./chart.js";
import { CHARTS } from "./chart_specs.js";
import { listen } from "./feed.js";
import { pointsOf } from "./points.js";
import { PoolChoice } from "./pool_choice.js";
import { showLastError, showStatistics } from "./statistics.js";
import { showTiles, tilesOf } from "./tiles.js";

/** How much is shown, in milliseconds. */
const WINDOW_MS = 120_000;

const STATES = { live: "Live", lost: "Connection lost", refused: "Refused: trying again" };

const element = (id) => document.getElementById(id);

/** Of the last two minutes, in the order of time. */
let samples = [];
/** Where the pointer is on the time axis. */
let pointedAt;

const choice = new PoolChoice(element("pools"), draw);
const drawn = CHARTS.map((spec) => new Chart(spec, point));
element("charts").append(...drawn.map((chart) => chart.element));
new ResizeObserver(draw).observe(element("charts"));
document.addEventListener("visibilitychange", draw);

listen({
  history(known) {
    samples = known;
    draw();
  },
  sample(sample) {
    samples = [...samples, sample].filter(({ at }) => sample.at - at <= WINDOW_MS);
    choice.offer(Object.keys(sample.pools));
    draw();
  },
  state(state) {
    const status = element("connection");
    status.dataset.state = state;
    status.textContent = STATES[state];
  },
});

function point(at) {
  pointedAt = at;
  draw();
}

function draw() {
  const latest = samples.at(-1);
  const stats = latest?.pools[choice.chosen];
  if (!stats || document.hidden) return;
  const points = pointsOf(samples, choice.chosen);
  const told = pointedAt === undefined ? points.at(-1) : nearest(points, pointedAt);
  showTiles(element("tiles"), tilesOf(stats, points.at(-1)));
  for (const chart of drawn) chart.draw(points, { now: latest.at, windowMs: WINDOW_MS }, told);
  showLastError(element("last-error"), stats, latest.at);
  showStatistics(element("statistics"), stats);
}

function nearest(points, at) {
  return points.reduce((best, each) => Math.abs(each.at - at) < Math.abs(best.at - at) ? each : best, points[0]);
}

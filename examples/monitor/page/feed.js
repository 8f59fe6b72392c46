/** How long after a refusal the feed is asked for again, in milliseconds. A connection that broke the browser renews by itself. */
const REFUSED_PAUSE_MS = 5_000;

/**
 * Listens to the samples, for as long as the page is there.
 *
 * @param {{ history(samples: object[]): void, sample(sample: object): void, state(state: "live" | "lost" | "refused"): void }} to
 */
export function listen(to) {
  const source = new EventSource("events");
  source.addEventListener("open", () => to.state("live"));
  source.addEventListener("history", ({ data }) => to.history(JSON.parse(data)));
  source.addEventListener("message", ({ data }) => to.sample(JSON.parse(data)));
  source.addEventListener("error", () => {
    const isRefused = source.readyState === EventSource.CLOSED;
    to.state(isRefused ? "refused" : "lost");
    if (isRefused) setTimeout(() => listen(to), REFUSED_PAUSE_MS);
  });
}

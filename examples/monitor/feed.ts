import type { Sample } from "./sample.ts";

/** Somebody who watches the feed. */
export interface Viewer {
  /** Gets the samples taken before it joined. */
  history(samples: readonly Sample[]): void;
  sample(sample: Sample): void;
  /** There will be no more samples. */
  end(): void;
}

export interface FeedOptions {
  readonly intervalMs: number;
  /** How many samples are kept for viewers who join later. */
  readonly historyLength: number;
  readonly maxViewers: number;
}

/** Takes samples as long as there are viewers; its timer stops when the last one leaves. */
export class Feed {
  readonly #takeSample: () => Sample;
  readonly #options: FeedOptions;
  readonly #viewers = new Set<Viewer>();
  #history: Sample[] = [];
  #timer: ReturnType<typeof setInterval> | undefined;
  #isClosed = false;

  constructor(takeSample: () => Sample, options: FeedOptions) {
    this.#takeSample = takeSample;
    this.#options = options;
  }

  get isFull(): boolean {
    return this.#isClosed || this.#viewers.size >= this.#options.maxViewers;
  }

  /** Adds a viewer, which gets the history at once; the first viewer gets a fresh sample as well. */
  join(viewer: Viewer): void {
    this.#timer ??= setInterval(() => this.#tick(), this.#options.intervalMs);
    viewer.history(this.#history);
    this.#viewers.add(viewer);
    if (this.#viewers.size === 1) this.#tick();
  }

  leave(viewer: Viewer): void {
    if (this.#viewers.delete(viewer) && this.#viewers.size === 0) this.#stop();
  }

  close(): void {
    this.#isClosed = true;
    this.#stop();
    for (const viewer of this.#viewers) viewer.end();
    this.#viewers.clear();
  }

  #tick(): void {
    const sample = this.#takeSample();
    this.#history.push(sample);
    this.#history = this.#history.slice(-this.#options.historyLength);
    for (const viewer of this.#viewers) viewer.sample(sample);
  }

  #stop(): void {
    clearInterval(this.#timer);
    this.#timer = undefined;
  }
}

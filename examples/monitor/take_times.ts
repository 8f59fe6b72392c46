const BOUNDS_MS: readonly number[] = [
  ...[0.1, 0.2, 0.5, 1, 2, 5, 10, 20, 50, 100, 200, 500],
  ...[1_000, 2_000, 5_000, 10_000, 30_000],
];

/** How long takes took, since the start. */
export interface TakeHistogram {
  /** Upper bounds of the buckets. */
  readonly boundsMs: readonly number[];
  /** How many takes are in each bucket; the last entry counts those above all bounds. */
  readonly counts: readonly number[];
  readonly sumMs: number;
}

/** Counts how long takes took. */
export class TakeTimes {
  readonly #counts: number[] = Array(BOUNDS_MS.length + 1).fill(0);
  #sumMs = 0;

  record(ms: number): void {
    const index = BOUNDS_MS.findIndex((bound) => ms <= bound);
    this.#counts[index < 0 ? BOUNDS_MS.length : index]++;
    this.#sumMs += ms;
  }

  snapshot(): TakeHistogram {
    return { boundsMs: BOUNDS_MS, counts: [...this.#counts], sumMs: this.#sumMs };
  }
}

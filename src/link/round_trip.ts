/** How long a measurement of the round trip is good for, in milliseconds. */
const MEASURE_EVERY_MS = 1_000;

/** The numbered pings of one link: one at a time, and what their answers tell of the round trip. */
export class RoundTrip {
  #number = 0;
  /** When the ping left that is not answered yet. */
  #startedAt: number | undefined;
  #measuredAt = -Infinity;
  #shortestMs = 0;

  /** The shortest round trip that was seen; 0 before the first. Longer ones waited behind data, at one side or the other. */
  get shortestMs(): number {
    return this.#shortestMs;
  }

  /** Whether the round trip should be measured (again). */
  isDue(now: number): boolean {
    return this.#startedAt === undefined && now - this.#measuredAt >= MEASURE_EVERY_MS;
  }

  /** For how long the ping under way waits for its answer; 0 where there is none. */
  waitedMs(now: number): number {
    return this.#startedAt === undefined ? 0 : now - this.#startedAt;
  }

  /** The number of the ping to send; undefined while one is under way. */
  start(now: number): number | undefined {
    if (this.#startedAt !== undefined) return undefined;
    this.#startedAt = now;
    return ++this.#number;
  }

  /** A pong came. One that answers nothing is ignored. */
  answered(number: number, now: number): void {
    if (this.#startedAt === undefined || number !== this.#number) return;
    const roundTripMs = now - this.#startedAt;
    if (this.#measuredAt === -Infinity || roundTripMs < this.#shortestMs) this.#shortestMs = roundTripMs;
    this.#startedAt = undefined;
    this.#measuredAt = now;
  }
}

/** How long a measurement of the round trip stays valid, in milliseconds. */
const MEASURE_EVERY_MS = 1_000;

/** The numbered pings of one link, one at a time, and the round-trip times that their answers show. */
export class RoundTrip {
  #number = 0;
  /** When the outstanding ping was sent. */
  #startedAt: number | undefined;
  #measuredAt = -Infinity;
  #shortestMs = 0;

  /** The shortest round trip so far; 0 before the first. Longer ones waited behind data, on one side or the other. */
  get shortestMs(): number {
    return this.#shortestMs;
  }

  /** Whether the round trip should be measured (again). */
  isDue(now: number): boolean {
    return this.#startedAt === undefined && now - this.#measuredAt >= MEASURE_EVERY_MS;
  }

  /** How long the outstanding ping has waited for its answer; 0 if there is none. */
  waitedMs(now: number): number {
    return this.#startedAt === undefined ? 0 : now - this.#startedAt;
  }

  /** Starts a measurement and returns the number of the ping to send; undefined while one is outstanding. */
  start(now: number): number | undefined {
    if (this.#startedAt !== undefined) return undefined;
    this.#startedAt = now;
    return ++this.#number;
  }

  /** A pong arrived. One that does not answer the outstanding ping is ignored. */
  answered(number: number, now: number): void {
    if (this.#startedAt === undefined || number !== this.#number) return;
    const roundTripMs = now - this.#startedAt;
    if (this.#measuredAt === -Infinity || roundTripMs < this.#shortestMs) this.#shortestMs = roundTripMs;
    this.#startedAt = undefined;
    this.#measuredAt = now;
  }
}

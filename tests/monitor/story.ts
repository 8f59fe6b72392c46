import type { PoolSample, Sample } from "../../examples/monitor/sample.ts";
import { TakeTimes } from "../../examples/monitor/take_times.ts";
import { STATISTICS } from "../statistics.ts";

/** Two minutes in the life of two pools, with a wave of load, bursts and an outage, the same in every run. */
export function tellStory(): Sample[] {
  const north = new StoryPool(0.5);
  const south = new StoryPool(0.9);
  return Array.from({ length: 121 }, (_, second) => ({
    at: 1_700_000_000_000 + second * 1_000,
    pools: { north: north.sampleAt(second), south: south.sampleAt(second) },
  }));
}

/** The second in which the server disappears, and the one in which it is back. */
const OUTAGE = [80, 86];

class StoryPool {
  readonly #times = new TakeTimes();
  readonly #scale: number;
  #sums = {
    dialed: 16,
    dialFailures: 0,
    timeouts: 0,
    lost: 0,
    refusedFull: 0,
    taken: 0,
    bytesRead: 0,
    bytesWritten: 0,
  };

  constructor(scale: number) {
    this.#scale = scale;
  }

  sampleAt(second: number): PoolSample {
    const [isOut, isBack] = [second >= OUTAGE[0] && second < OUTAGE[1], second === OUTAGE[1]];
    const wave = 1 + Math.sin(second / 9) * 0.7 + Math.sin(second * 1.7) * 0.2;
    const isBurst = second % 30 === 20;
    const taken = isOut ? 0 : Math.round(30 * wave * this.#scale + (isBurst ? 40 : 0));
    for (let take = 0; take < taken; take++) {
      this.#times.record(0.4 + 0.8 * (take % 7) + (take % 50 === 49 ? 30 : 0) + (isBurst ? 4 * take : 0));
    }
    const sums = this.#sums;
    const gained = {
      dialed: isBack ? 22 : isBurst ? 12 : 0,
      dialFailures: second === OUTAGE[0] ? 16 : isOut ? 2 : 0,
      timeouts: second === OUTAGE[1] - 1 ? 9 : 0,
      lost: second === OUTAGE[0] ? 5 : 0,
      refusedFull: second === 21 ? 3 : 0,
      taken,
      bytesRead: taken * 150_000 * (1 + 0.4 * Math.sin(second / 3)),
      bytesWritten: taken * 90_000 * (1 + 0.4 * Math.cos(second / 4)),
    };
    this.#sums = Object.fromEntries(
      Object.entries(gained).map(([name, gain]) => [name, sums[name as keyof typeof sums] + Math.round(gain)]),
    ) as typeof sums;
    const inUse = isOut ? 1 : Math.round(6 * wave * this.#scale);
    const idle = isOut ? 0 : Math.round(16 - 3 * wave);
    return {
      ...STATISTICS,
      ...this.#sums,
      refusedForbidden: 0,
      refusedUnauthorized: 0,
      idle,
      inUse,
      links: idle + inUse,
      dialing: isOut ? 1 : 0,
      capacity: isOut ? 12 : 16,
      waiting: isOut ? 3 * (second - OUTAGE[0]) + 1 : isBurst ? 8 : 1,
      takes: this.#times.snapshot(),
      ...second >= OUTAGE[0] && {
        lastError: { at: 1_700_000_085_000, message: "Cannot dial wss://pool.example.com/links: connection refused" },
      },
    };
  }
}

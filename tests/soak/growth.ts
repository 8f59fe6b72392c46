import type { Census } from "../census.ts";
import { type Point, slopeOf } from "../fault/slope.ts";

/** How much more a process may hold at the end than at the beginning: once, and for each stream. */
interface Allowance {
  readonly once: number;
  readonly each: number;
}

/** Compiled code keeps growing for minutes; buffers in use fluctuate. */
const allowedBytes: Allowance = { once: 4 * 2 ** 20, each: 100 };

/** Only Bun counts objects. Those in use fluctuate. */
const allowedObjects: Allowance = { once: 2_000, each: 0.1 };

/** The share of samples at the beginning that is ignored. */
const WARM = 1 / 3;

/** How a process's memory changes with the number of streams that it has carried. */
export class Growth {
  readonly #bytes: Point[] = [];
  readonly #objects: Point[] = [];

  /** Adds a sample taken after `streams` streams. */
  add(streams: number, { liveBytes, liveObjects }: Pick<Census, "liveBytes" | "liveObjects">): void {
    this.#bytes.push([streams, liveBytes]);
    if (liveObjects !== undefined) this.#objects.push([streams, liveObjects]);
  }

  /** The growth of memory, in bytes per stream. */
  get bytesPerStream(): number {
    return slopeOf(warm(this.#bytes));
  }

  /** What has grown more than allowed. */
  problems(): string[] {
    return [...judge("bytes", this.#bytes, allowedBytes), ...judge("objects", this.#objects, allowedObjects)];
  }
}

function judge(what: string, points: readonly Point[], { once, each }: Allowance): string[] {
  const kept = warm(points);
  if (kept.length < 2) return [];
  const streams = kept.at(-1)![0] - kept[0][0];
  const grown = slopeOf(kept) * streams;
  if (grown <= once + each * streams) return [];
  return [
    `${Math.round(grown)} ${what} more are held after ${streams} streams: ${points.map((point) => point.join(":"))}`,
  ];
}

function warm(points: readonly Point[]): readonly Point[] {
  return points.slice(Math.floor(points.length * WARM));
}

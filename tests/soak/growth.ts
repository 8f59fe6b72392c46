import type { Census } from "../census.ts";
import { type Point, slopeOf } from "../fault/slope.ts";

/** What a process may have more at the end than at the beginning, and for each stream. */
interface Allowance {
  readonly once: number;
  readonly each: number;
}

/** Compiled code grows for minutes; buffers in use come and go. */
const allowedBytes: Allowance = { once: 4 * 2 ** 20, each: 100 };

/** Bun counts them. Those in use come and go. */
const allowedObjects: Allowance = { once: 2_000, each: 0.1 };

/** Looks that are left out at the beginning, as a share of all. */
const WARM = 1 / 3;

/** How what a process holds changes with the streams that it has carried. */
export class Growth {
  readonly #bytes: Point[] = [];
  readonly #objects: Point[] = [];

  /** Adds a look, after so many streams. */
  add(streams: number, { liveBytes, liveObjects }: Pick<Census, "liveBytes" | "liveObjects">): void {
    this.#bytes.push([streams, liveBytes]);
    if (liveObjects !== undefined) this.#objects.push([streams, liveObjects]);
  }

  /** The slope of the memory, in bytes for each stream. */
  get bytesPerStream(): number {
    return slopeOf(warm(this.#bytes));
  }

  /** What has grown beyond what it may. */
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

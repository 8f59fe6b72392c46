import type { Clock } from "./clock.ts";
import { DeadlineQueue } from "./deadline_queue.ts";

/** Deadlines of any length: all of equal length share one timer. */
export class Deadlines<Item> {
  readonly #clock: Clock;
  readonly #expired: (item: Item) => void;
  /** By their delay in milliseconds. */
  readonly #queues = new Map<number, DeadlineQueue<Item>>();

  /** `expired` is called for each item that is still here at its deadline. */
  constructor(clock: Clock, expired: (item: Item) => void) {
    this.#clock = clock;
    this.#expired = expired;
  }

  /** How many different delays the current items have. */
  get lengths(): number {
    return this.#queues.size;
  }

  /** Starts an item's time, in milliseconds; Infinity never expires. */
  add(item: Item, delayMs: number): void {
    if (delayMs === Infinity) return;
    let queue = this.#queues.get(delayMs);
    if (!queue) {
      queue = new DeadlineQueue(this.#clock, delayMs, (item) => {
        this.#dropIfEmpty(delayMs);
        this.#expired(item);
      });
      this.#queues.set(delayMs, queue);
    }
    queue.add(item);
  }

  /** Forgets an item that was added with this delay. */
  delete(item: Item, delayMs: number): void {
    if (this.#queues.get(delayMs)?.delete(item)) this.#dropIfEmpty(delayMs);
  }

  /** A timer that is no longer needed would keep the process alive. */
  #dropIfEmpty(delayMs: number): void {
    const queue = this.#queues.get(delayMs);
    if (!queue || queue.size > 0) return;
    queue.clear();
    this.#queues.delete(delayMs);
  }
}

import type { Clock } from "./clock.ts";
import { DeadlineQueue } from "./deadline_queue.ts";

/** Deadlines of any length: those that are equally long have one timer, however many they are. */
export class Deadlines<Item> {
  readonly #clock: Clock;
  readonly #expired: (item: Item) => void;
  /** By their length in milliseconds. */
  readonly #queues = new Map<number, DeadlineQueue<Item>>();

  /** `expired` is called for each item that is still here when its time has passed. */
  constructor(clock: Clock, expired: (item: Item) => void) {
    this.#clock = clock;
    this.#expired = expired;
  }

  /** How many different lengths the items have that are here. */
  get lengths(): number {
    return this.#queues.size;
  }

  /** Starts an item's time, in milliseconds; Infinity never passes. */
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

  /** Forgets an item that was added with so much time. */
  delete(item: Item, delayMs: number): void {
    if (this.#queues.get(delayMs)?.delete(item)) this.#dropIfEmpty(delayMs);
  }

  /** A timer that nobody needs would keep the process alive. */
  #dropIfEmpty(delayMs: number): void {
    const queue = this.#queues.get(delayMs);
    if (!queue || queue.size > 0) return;
    queue.clear();
    this.#queues.delete(delayMs);
  }
}

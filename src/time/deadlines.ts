import type { Clock } from "./clock.ts";
import { DeadlineQueue } from "./deadline_queue.ts";

/** Deadlines of any length: all of equal length share one timer. */
export class Deadlines<Item> {
  readonly #clock: Clock;
  readonly #expired: (item: Item) => void;
  /** By their delay in milliseconds. At most one of them is empty. */
  readonly #queues = new Map<number, DeadlineQueue<Item>>();
  /**
   * The delay of the queue that became empty last: it keeps its timer, because often the next item comes soon and is as long. To
   * start and stop one for each would delay the first byte of a tunnel's new connection by 3 % (Deno 2.9.6, one by one).
   */
  #emptiedMs: number | undefined;
  #isEnding = false;

  /** `expired` is called for each item that is still here at its deadline. */
  constructor(clock: Clock, expired: (item: Item) => void) {
    this.#clock = clock;
    this.#expired = expired;
  }

  /** How many different delays have a queue. */
  get lengths(): number {
    return this.#queues.size;
  }

  /** Starts an item's time, in milliseconds; Infinity never expires. */
  add(item: Item, delayMs: number): void {
    if (delayMs === Infinity) return;
    let queue = this.#queues.get(delayMs);
    if (!queue) {
      queue = new DeadlineQueue(this.#clock, delayMs, (item) => {
        this.#left(delayMs);
        this.#expired(item);
      });
      this.#queues.set(delayMs, queue);
    }
    queue.add(item);
  }

  /** Forgets an item that was added with this delay. */
  delete(item: Item, delayMs: number): void {
    if (this.#queues.get(delayMs)?.delete(item)) this.#left(delayMs);
  }

  /** Nothing more is added: from here on no timer is kept that has nothing to do. */
  end(): void {
    this.#isEnding = true;
    if (this.#emptiedMs !== undefined) this.#dropIfEmpty(this.#emptiedMs);
  }

  /** An item has left its queue. */
  #left(delayMs: number): void {
    const queue = this.#queues.get(delayMs)!;
    if (queue.size > 0) return;
    if (this.#isEnding) return this.#dropIfEmpty(delayMs);
    if (this.#emptiedMs !== undefined && this.#emptiedMs !== delayMs) this.#dropIfEmpty(this.#emptiedMs);
    this.#emptiedMs = delayMs;
    queue.rest();
  }

  #dropIfEmpty(delayMs: number): void {
    const queue = this.#queues.get(delayMs);
    if (!queue || queue.size > 0) return;
    queue.clear();
    this.#queues.delete(delayMs);
  }
}

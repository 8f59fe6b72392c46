import type { Clock } from "./clock.ts";
import { DeadlineQueue } from "./deadline_queue.ts";

/** Deadlines of any length: all of equal length share one timer. */
export class Deadlines<Item> {
  readonly #clock: Clock;
  readonly #expired: (item: Item) => void;
  /** By their delay in milliseconds. All but one have items. */
  readonly #queues = new Map<number, DeadlineQueue<Item>>();
  /**
   * The latest queue to become empty: it keeps its timer, because often the next item comes soon and is as long. To start and
   * stop one for each would make a tunnel's first byte 3 % later on Deno.
   */
  #emptied: number | undefined;
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
        this.#keepIfEmpty(delayMs);
        this.#expired(item);
      });
      this.#queues.set(delayMs, queue);
    }
    queue.add(item);
  }

  /** Forgets an item that was added with this delay. */
  delete(item: Item, delayMs: number): void {
    if (this.#queues.get(delayMs)?.delete(item)) this.#keepIfEmpty(delayMs);
  }

  /** Nothing more is added: from here on no timer is kept that has nothing to do, because it would keep the process alive. */
  end(): void {
    this.#isEnding = true;
    this.#dropIfEmpty(this.#emptied);
  }

  #keepIfEmpty(delayMs: number): void {
    if (this.#queues.get(delayMs)!.size > 0) return;
    if (this.#emptied !== delayMs) this.#dropIfEmpty(this.#emptied);
    this.#emptied = delayMs;
    if (this.#isEnding) this.#dropIfEmpty(delayMs);
  }

  #dropIfEmpty(delayMs: number | undefined): void {
    const queue = this.#queues.get(delayMs!);
    if (!queue || queue.size > 0) return;
    queue.clear();
    this.#queues.delete(delayMs!);
  }
}

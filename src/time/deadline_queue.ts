import type { Clock, Timer } from "./clock.ts";

/** Deadlines of equal length: one timer serves thousands, and adding or removing one takes constant time. */
export class DeadlineQueue<Item> {
  readonly #clock: Clock;
  readonly #delayMs: number;
  readonly #expired: (item: Item, lateMs: number) => void;
  /** When each item is due; a Map keeps insertion order, which is also the order of the deadlines. */
  readonly #dueAt = new Map<Item, number>();
  #timer: Timer | undefined;

  /** `expired` is called for each item that is still queued at its deadline, with how late the call is. */
  constructor(clock: Clock, delayMs: number, expired: (item: Item, lateMs: number) => void) {
    this.#clock = clock;
    this.#delayMs = delayMs;
    this.#expired = expired;
  }

  get size(): number {
    return this.#dueAt.size;
  }

  /** The items, the one that is due first to begin with. */
  [Symbol.iterator](): Iterator<Item> {
    return this.#dueAt.keys();
  }

  /** Starts an item's time, or restarts it if the item is queued already. */
  add(item: Item): void {
    this.#dueAt.delete(item);
    this.#dueAt.set(item, this.#clock.now() + this.#delayMs);
    if (!this.#timer) this.#timer = this.#clock.setTimeout(this.#check, this.#delayMs);
    else if (this.#timer.isUnref) this.#clock.setRef(this.#timer, true);
  }

  /** Called while there are no items: until the next one is added, the timer does not keep the process alive. */
  rest(): void {
    if (this.#timer) this.#clock.setRef(this.#timer, false);
  }

  /**
   * Forgets an item. The timer stays: most items are removed before their deadline, and resetting it each time would cost more.
   */
  delete(item: Item): boolean {
    return this.#dueAt.delete(item);
  }

  /** Forgets all items and stops the timer. */
  clear(): void {
    this.#dueAt.clear();
    this.#clock.clearTimeout(this.#timer);
    this.#timer = undefined;
  }

  readonly #check = (): void => {
    const now = this.#clock.now();
    for (const [item, dueAt] of this.#dueAt) {
      if (dueAt > now) break;
      this.#dueAt.delete(item);
      this.#expired(item, now - dueAt);
    }
    // Always set anew: an expired callback may have added an item, which is due later than those that are left.
    this.#clock.clearTimeout(this.#timer);
    const [nextAt] = this.#dueAt.values();
    this.#timer = nextAt === undefined ? undefined : this.#clock.setTimeout(this.#check, Math.max(0, nextAt - now));
  };
}

import type { Clock, Timer } from "./clock.ts";

/** Deadlines that are all equally long: one timer serves thousands, and adding and removing one takes constant time. */
export class DeadlineQueue<Item> {
  readonly #clock: Clock;
  readonly #delayMs: number;
  readonly #expired: (item: Item, lateMs: number) => void;
  /** When each is due; a Map keeps them in the order in which they were added, which is that of their deadlines. */
  readonly #dueAt = new Map<Item, number>();
  #timer: Timer | undefined;

  /** `expired` is called for each item that is still here when its time has passed, and told for how long it has. */
  constructor(clock: Clock, delayMs: number, expired: (item: Item, lateMs: number) => void) {
    this.#clock = clock;
    this.#delayMs = delayMs;
    this.#expired = expired;
  }

  get size(): number {
    return this.#dueAt.size;
  }

  /** Starts an item's time, anew where it is here already. */
  add(item: Item): void {
    this.#dueAt.delete(item);
    this.#dueAt.set(item, this.#clock.now() + this.#delayMs);
    this.#timer ??= this.#clock.setTimeout(this.#check, this.#delayMs);
  }

  /** Forgets an item. The timer stays: most items are gone before their time, and setting it again for each would cost more. */
  delete(item: Item): boolean {
    return this.#dueAt.delete(item);
  }

  /** Forgets all, and stops the timer. */
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
    // Set anew in any case: what expired may have added something, which is due later than what is left.
    this.#clock.clearTimeout(this.#timer);
    const [nextAt] = this.#dueAt.values();
    this.#timer = nextAt === undefined ? undefined : this.#clock.setTimeout(this.#check, Math.max(0, nextAt - now));
  };
}

/** Randomness that is reproducible from a seed: mulberry32, whose 32 bits of state are the seed. */
export class Dice {
  #state: number;

  constructor(seed: number) {
    this.#state = seed >>> 0;
  }

  /** A number from 0 up to, but not including, 1. */
  readonly random = (): number => {
    this.#state = (this.#state + 0x6d2b79f5) >>> 0;
    let mixed = this.#state;
    mixed = Math.imul(mixed ^ (mixed >>> 15), mixed | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };

  /** An integer from `min` to `max`, both included. */
  between(min: number, max: number): number {
    return min + Math.floor(this.random() * (max - min + 1));
  }

  chance(probability: number): boolean {
    return this.random() < probability;
  }

  /** One of the items; there must be at least one. */
  pick<Item>(items: readonly Item[]): Item {
    return items[this.between(0, items.length - 1)];
  }

  /** One of the items, each with a probability proportional to its weight. */
  weighted<Item>(items: readonly (readonly [weight: number, item: Item])[]): Item {
    let left = this.random() * items.reduce((sum, [weight]) => sum + weight, 0);
    return (items.find(([weight]) => (left -= weight) < 0) ?? items[0])[1];
  }
}

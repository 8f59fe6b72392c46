/**
 * A slot in a Set or Map for something that comes and goes with every stream; emptied when that is removed. When a Set or Map
 * allocates a new table, it leaves the old one, and what was in it, to the garbage collector. Once V8 has promoted such a table
 * to the old generation, minor collections keep everything reachable from it, including streams and their connections, until a
 * major one.
 */
export class Place<Item> {
  #item: Item | undefined;

  constructor(item: Item) {
    this.#item = item;
  }

  /** What is in the slot. */
  get item(): Item {
    return this.#item!;
  }

  /** Empties the slot and returns what was in it. */
  leave(): Item {
    const item = this.#item!;
    this.#item = undefined;
    return item;
  }
}

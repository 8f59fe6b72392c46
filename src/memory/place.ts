/**
 * Where something that comes and goes with every stream stands in a Set or Map; empty when it is gone. A Set or Map that makes a
 * new table leaves its old one, and what stood there, to the garbage collector. When V8 has moved such a table to the old
 * generation, minor collections keep all that it leads to, streams with their connections, until a major one.
 */
export class Place<Item> {
  #item: Item | undefined;

  constructor(item: Item) {
    this.#item = item;
  }

  /** What stands here. */
  get item(): Item {
    return this.#item!;
  }

  /** Lets go of what stands here, and returns it. */
  leave(): Item {
    const item = this.#item!;
    this.#item = undefined;
    return item;
  }
}

/**
 * What comes and goes with every stream stands in a Set or Map by its place, which is empty when it is gone. A table that grew or
 * shrank is garbage and holds what stood in it then. Once V8 counts it among the old objects, its quick collections keep all
 * that it holds, of one stream as of all that it leads to, and the full ones have to find it.
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

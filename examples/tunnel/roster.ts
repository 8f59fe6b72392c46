/**
 * Things that come and go with each connection: an array whose places are used again. A Map or Set allocates a new table every
 * few entries; once V8 has promoted a former one to the old generation, minor garbage collections keep everything that was in it.
 */
export class Roster<Item extends object> implements Iterable<Item> {
  readonly #places: (Item | undefined)[] = [];
  readonly #free: number[] = [];

  /** How many are here. */
  get size(): number {
    return this.#places.length - this.#free.length;
  }

  /** Adds an item; returns its place. */
  enter(item: Item): number {
    const place = this.#free.pop() ?? this.#places.length;
    this.#places[place] = item;
    return place;
  }

  /** Removes the item from its place, which may then be another's. */
  leave(place: number): void {
    this.#places[place] = undefined;
    this.#free.push(place);
  }

  /** The items, in no particular order. */
  *[Symbol.iterator](): Generator<Item> {
    for (const item of this.#places) if (item) yield item;
  }
}

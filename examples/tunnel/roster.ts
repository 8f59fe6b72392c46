/**
 * Things that come and go with each connection: an array that grows only with their number, because its places are used again. A
 * Map or Set allocates a new table every few entries, however few there are at a time; once V8 has promoted a former table to
 * the old generation, minor garbage collections keep everything that was in it.
 */
export class Roster<Item extends object> implements Iterable<Item> {
  readonly #places: (Item | undefined)[] = [];
  readonly #free: number[] = [];

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

/** Something that ends when a signal aborts. */
export interface Abortable {
  /** Called at most once. It must not throw: the others would not be told. */
  aborted(reason: unknown): void;
}

/**
 * Those that wait for one signal, with one listener for all of them. Thousands of calls and relays may share a signal, and an
 * EventTarget compares each new and each removed listener with all others.
 */
class AbortWatch {
  readonly #signal: AbortSignal;
  readonly #items = new Set<Abortable>();
  readonly #listener = () => {
    for (const item of this.#items) { // without those that are unwatched meanwhile
      this.delete(item);
      item.aborted(this.#signal.reason);
    }
  };

  constructor(signal: AbortSignal) {
    this.#signal = signal;
  }

  add(item: Abortable): void {
    if (this.#items.size === 0) this.#signal.addEventListener("abort", this.#listener);
    this.#items.add(item);
  }

  /** The last one takes the listener with it: on Deno, a listener lets the signal of a timeout keep the process alive. */
  delete(item: Abortable): void {
    if (this.#items.delete(item) && this.#items.size === 0) this.#signal.removeEventListener("abort", this.#listener);
  }
}

const watches = new WeakMap<AbortSignal, AbortWatch>();

/** Tells `item` when the signal aborts, which it has not done yet. */
export function watchAbort(signal: AbortSignal, item: Abortable): void {
  let watch = watches.get(signal);
  if (!watch) watches.set(signal, watch = new AbortWatch(signal));
  watch.add(item);
}

/** Forgets an item; harmless if the signal has aborted, or the item is not watched. */
export function unwatchAbort(signal: AbortSignal, item: Abortable): void {
  watches.get(signal)?.delete(item);
}

import { type Linked, LinkedList } from "./memory/linked_list.ts";

/** Something that ends when a signal aborts. */
export interface Abortable {
  /** Called at most once. It must not throw: the others would not be told. */
  aborted(reason: unknown): void;
}

/** Tells one item when a signal aborts. */
export class AbortWatch implements Linked<AbortWatch> {
  /** The neighbours among those that watch the same signal. */
  previous: AbortWatch | undefined;
  next: AbortWatch | undefined;
  readonly item: Abortable;
  readonly #signal: WatchedSignal;
  #isOver = false;

  /** @param signal A signal that has not aborted yet. */
  constructor(signal: AbortSignal, item: Abortable) {
    this.item = item;
    this.#signal = watched(signal);
    this.#signal.add(this);
  }

  /** Tells the item no more; harmless if it was told already. */
  end(): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#signal.remove(this);
  }
}

/**
 * A signal with one listener for all that watch it: thousands of calls and relays may share a signal, and an EventTarget
 * compares each new and each removed listener with all others. They are in a linked list and not in a Set, whose former tables
 * would keep them alive (see `Place`).
 */
class WatchedSignal {
  readonly #signal: AbortSignal;
  readonly #watches = new LinkedList<AbortWatch>();
  readonly #listener = () => {
    let watch: AbortWatch | undefined;
    while ((watch = this.#watches.first)) { // without those that end meanwhile
      watch.end();
      watch.item.aborted(this.#signal.reason);
    }
  };

  constructor(signal: AbortSignal) {
    this.#signal = signal;
  }

  add(watch: AbortWatch): void {
    if (!this.#watches.first) this.#signal.addEventListener("abort", this.#listener);
    this.#watches.insert(watch);
  }

  /** The last one takes the listener with it: on Deno, a listener lets the signal of a timeout keep the process alive. */
  remove(watch: AbortWatch): void {
    this.#watches.remove(watch);
    if (!this.#watches.first) this.#signal.removeEventListener("abort", this.#listener);
  }
}

const signals = new WeakMap<AbortSignal, WatchedSignal>();

function watched(signal: AbortSignal): WatchedSignal {
  let result = signals.get(signal);
  if (!result) signals.set(signal, result = new WatchedSignal(signal));
  return result;
}

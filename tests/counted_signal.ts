/** A signal that counts its listeners. */
export class CountedSignal {
  readonly #controller = new AbortController();
  added = 0;
  removed = 0;

  constructor() {
    const { signal } = this;
    const { addEventListener, removeEventListener } = signal;
    signal.addEventListener = (...args: Parameters<typeof addEventListener>) => {
      this.added++;
      addEventListener.apply(signal, args);
    };
    signal.removeEventListener = (...args: Parameters<typeof removeEventListener>) => {
      this.removed++;
      removeEventListener.apply(signal, args);
    };
  }

  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  /** How many listen now. */
  get listeners(): number {
    return this.added - this.removed;
  }

  abort(reason: unknown): void {
    this.#controller.abort(reason);
  }
}

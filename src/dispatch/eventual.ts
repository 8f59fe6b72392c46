/** An outcome that may come later. Its promise is created on demand: whoever does not await it needs none. */
export class Eventual<T> {
  #outcome: PromiseSettledResult<T> | undefined;
  #promise: PromiseWithResolvers<T> | undefined;
  #onRejected: ((reason: unknown) => void) | undefined;

  get isSettled(): boolean {
    return this.#outcome !== undefined;
  }

  get promise(): Promise<T> {
    if (!this.#promise) {
      this.#promise = Promise.withResolvers();
      if (this.#outcome) settle(this.#promise, this.#outcome);
    }
    return this.#promise.promise;
  }

  /** Calls back if it is rejected, or has been. */
  whenRejected(callback: (reason: unknown) => void): void {
    if (!this.#outcome) this.#onRejected = callback;
    else if (this.#outcome.status === "rejected") callback(this.#outcome.reason);
  }

  /** To be called once. */
  settle(outcome: PromiseSettledResult<T>): void {
    this.#outcome = outcome;
    if (this.#promise) settle(this.#promise, outcome);
    if (outcome.status === "rejected") this.#onRejected?.(outcome.reason);
    this.#onRejected = undefined;
  }
}

function settle<T>({ resolve, reject }: PromiseWithResolvers<T>, outcome: PromiseSettledResult<T>): void {
  if (outcome.status === "fulfilled") resolve(outcome.value);
  else reject(outcome.reason);
}

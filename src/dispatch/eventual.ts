/** An outcome that may come later. Its promise is created on demand: who does not await it, needs none. */
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
      this.#settlePromise();
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
    this.#settlePromise();
    if (outcome.status === "rejected") this.#onRejected?.(outcome.reason);
    this.#onRejected = undefined;
  }

  #settlePromise(): void {
    const [promise, outcome] = [this.#promise, this.#outcome];
    if (!promise || !outcome) return;
    if (outcome.status === "fulfilled") promise.resolve(outcome.value);
    else promise.reject(outcome.reason);
  }
}

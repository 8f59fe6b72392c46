/** Collects failures of checks that run in callbacks, where an error thrown would go unnoticed. */
export class Faults {
  readonly #found: unknown[] = [];

  /** Runs a check, and keeps what it throws. */
  catch(check: () => void): void {
    try {
      check();
    } catch (error) {
      this.#found.push(error);
    }
  }

  /** Throws the first failure, if there is one. */
  throwFirst(): void {
    if (this.#found.length > 0) throw this.#found[0];
  }
}

/** What checks found that run in callbacks, where nobody would hear them throw. */
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

  /** Throws the first of them. */
  throwFirst(): void {
    if (this.#found.length > 0) throw this.#found[0];
  }
}

import type { EndEvents } from "../../src/relay/held_end.ts";

/** What an end reported to its relay, in order. */
export class RecordedEvents implements EndEvents {
  readonly told: string[] = [];
  /** What broke the end. */
  error: unknown;
  readonly #until: { readonly event: string; readonly resolve: () => void }[] = [];

  readable(): void {
    this.#tell("readable");
  }

  writable(): void {
    this.#tell("writable");
  }

  over(): void {
    this.#tell("over");
  }

  failed(error: unknown): void {
    this.error = error;
    this.#tell("failed");
  }

  /** Resolves at the next event of this kind. */
  next(event: keyof EndEvents): Promise<void> {
    return new Promise((resolve) => this.#until.push({ event, resolve }));
  }

  #tell(event: keyof EndEvents): void {
    this.told.push(event);
    const waiting = this.#until.findIndex((each) => each.event === event);
    if (waiting >= 0) this.#until.splice(waiting, 1)[0].resolve();
  }
}

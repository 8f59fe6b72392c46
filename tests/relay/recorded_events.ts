import type { EndEvents } from "../../src/relay/held_end.ts";

/** What an end has told its relay, in the order in which it did. */
export class RecordedEvents implements EndEvents {
  readonly told: string[] = [];
  /** What broke the end. */
  error: unknown;
  readonly #until: { readonly event: string; readonly resolve: () => void }[] = [];

  // Each is handed on by itself.

  readonly readable = (): void => this.#tell("readable");
  readonly writable = (): void => this.#tell("writable");
  readonly over = (): void => this.#tell("over");
  readonly failed = (error: unknown): void => {
    this.error = error;
    this.#tell("failed");
  };

  /** Resolves when the event is told next. */
  next(event: keyof EndEvents): Promise<void> {
    return new Promise((resolve) => this.#until.push({ event, resolve }));
  }

  #tell(event: keyof EndEvents): void {
    this.told.push(event);
    const waiting = this.#until.findIndex((each) => each.event === event);
    if (waiting >= 0) this.#until.splice(waiting, 1)[0].resolve();
  }
}

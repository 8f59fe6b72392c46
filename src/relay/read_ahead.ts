import type { EndEvents } from "./held_end.ts";

/**
 * The reading half of an end that gives its bytes by promises. It reads one chunk ahead: else one of this end and the other would
 * always be idle.
 */
export class ReadAhead {
  /** Whether nothing more comes, behind a read that found nothing. */
  isAtEnd = false;
  readonly #nextChunk: () => Promise<Uint8Array | undefined>;
  #events!: Pick<EndEvents, "readable" | "failed">;
  #chunk: Uint8Array | undefined;
  #isReading = false;

  /** @param nextChunk Gives one chunk after the other, and undefined at the end. */
  constructor(nextChunk: () => Promise<Uint8Array | undefined>) {
    this.#nextChunk = nextChunk;
  }

  begin(events: Pick<EndEvents, "readable" | "failed">): void {
    this.#events = events;
  }

  /** What was read ahead, as `HeldEnd.read`. */
  read(): Uint8Array | undefined {
    const chunk = this.#chunk;
    this.#chunk = undefined;
    if (!this.#isReading && !this.isAtEnd) this.#readNext();
    return chunk;
  }

  #readNext(): void {
    this.#isReading = true;
    this.#nextChunk().then((chunk) => {
      this.#isReading = false;
      this.isAtEnd = chunk === undefined;
      this.#chunk = chunk;
      this.#events.readable();
    }, this.#events.failed);
  }
}

import type { EndEvents } from "./held_end.ts";

/**
 * The reading half of an end that delivers its bytes by promises. It reads one chunk ahead: otherwise either this end or the
 * other would always be idle.
 */
export class ReadAhead {
  /** Whether nothing more comes; valid after a read that found nothing. */
  isAtEnd = false;
  readonly #nextChunk: () => Promise<Uint8Array | undefined>;
  #events!: Pick<EndEvents, "readable" | "failed">;
  readonly #fail = (error: unknown) => this.#events.failed(error);
  #chunk: Uint8Array | undefined;
  #isReading = false;

  /** @param nextChunk Returns one chunk after another, and undefined at the end. */
  constructor(nextChunk: () => Promise<Uint8Array | undefined>) {
    this.#nextChunk = nextChunk;
  }

  begin(events: Pick<EndEvents, "readable" | "failed">): void {
    this.#events = events;
  }

  /** Returns what was read ahead, as `HeldEnd.read` does. */
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
    }, this.#fail);
  }
}

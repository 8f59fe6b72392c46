/** Buffers of one length that nobody uses, kept to be used again: a fresh one costs its clearing and its collection. */
export class FreeBuffers {
  readonly #byteLength: number;
  readonly #maxKept: number;
  readonly #kept: Uint8Array<ArrayBuffer>[] = [];

  /** @param maxKept How many are kept at most. */
  constructor(byteLength: number, maxKept: number) {
    this.#byteLength = byteLength;
    this.#maxKept = maxKept;
  }

  /** One that is kept, with whatever stands in it; undefined when there is none. */
  take(): Uint8Array<ArrayBuffer> | undefined {
    return this.#kept.pop();
  }

  /** Keeps a buffer that nobody uses any more, if it has the length and is not too many. */
  giveBack(buffer: Uint8Array<ArrayBuffer>): void {
    if (buffer.byteLength === this.#byteLength && this.#kept.length < this.#maxKept) this.#kept.push(buffer);
  }
}

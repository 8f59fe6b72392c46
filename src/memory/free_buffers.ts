/** Unused buffers of one length, kept for reuse: a fresh one has to be zeroed and garbage-collected. */
export class FreeBuffers {
  readonly #byteLength: number;
  readonly #maxKept: number;
  readonly #kept: Uint8Array<ArrayBuffer>[] = [];

  /** @param maxKept The maximum number of buffers to keep. */
  constructor(byteLength: number, maxKept: number) {
    this.#byteLength = byteLength;
    this.#maxKept = maxKept;
  }

  /** One of the kept buffers, with whatever it contains; undefined when there is none. */
  take(): Uint8Array<ArrayBuffer> | undefined {
    return this.#kept.pop();
  }

  /** Keeps a buffer that is no longer in use, if it has the right length and there is room. */
  giveBack(buffer: Uint8Array<ArrayBuffer>): void {
    if (buffer.byteLength === this.#byteLength && this.#kept.length < this.#maxKept) this.#kept.push(buffer);
  }
}

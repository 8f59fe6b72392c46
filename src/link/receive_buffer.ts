/** Bytes that came in and that the application has not read: whole messages, in order, each handed out without a copy. */
export class ReceiveBuffer {
  #chunks: (Uint8Array<ArrayBuffer> | undefined)[] = [];
  /** Index of the oldest chunk: shifting an array that holds thousands would move them all. */
  #head = 0;
  #byteLength = 0;

  /** How many bytes are kept. */
  get byteLength(): number {
    return this.#byteLength;
  }

  push(chunk: Uint8Array<ArrayBuffer>): void {
    this.#chunks.push(chunk);
    this.#byteLength += chunk.byteLength;
  }

  /** Takes out the oldest chunk. */
  shift(): Uint8Array<ArrayBuffer> | undefined {
    const chunk = this.#chunks[this.#head];
    if (!chunk) return undefined;
    this.#drop();
    this.#byteLength -= chunk.byteLength;
    return chunk;
  }

  /** Moves as many bytes as there are and as fit into `target`, and returns how many. */
  readInto(target: Uint8Array): number {
    let filled = 0;
    while (filled < target.byteLength && this.#head < this.#chunks.length) {
      const chunk = this.#chunks[this.#head]!;
      const part = chunk.subarray(0, target.byteLength - filled);
      target.set(part, filled);
      filled += part.byteLength;
      if (part.byteLength === chunk.byteLength) this.#drop();
      else this.#chunks[this.#head] = chunk.subarray(part.byteLength);
    }
    this.#byteLength -= filled;
    return filled;
  }

  /** Forgets everything and returns how many bytes that were. */
  clear(): number {
    const dropped = this.#byteLength;
    this.#chunks = [];
    this.#head = 0;
    this.#byteLength = 0;
    return dropped;
  }

  #drop(): void {
    this.#chunks[this.#head++] = undefined;
    if (this.#head === this.#chunks.length) {
      this.#chunks.length = 0;
      this.#head = 0;
    } else if (this.#head === 1024) {
      this.#chunks.splice(0, 1024);
      this.#head = 0;
    }
  }
}

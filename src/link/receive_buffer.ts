/**
 * Messages smaller than this are joined while they wait: an object and a buffer for each would cost far more than the bytes.
 */
const JOINED_BELOW_BYTES = 1_024;

/** The largest block of joined messages, in bytes. */
const BLOCK_BYTES = 16_384;

/** The first block of joined messages, in bytes. Blocks grow fourfold, so that few are allocated. */
const FIRST_BLOCK_BYTES = 1_024;
const GROWTH = 4;

/**
 * Received bytes that the application has not read, in order. A message is handed out without a copy, unless it is small and
 * waits behind another small one: a peer may send thousands of single bytes, and the memory to keep them must stay close to
 * their number.
 */
export class ReceiveBuffer {
  #chunks: (Uint8Array<ArrayBuffer> | undefined)[] = [];
  /** Index of the oldest chunk: shifting an array of thousands would move them all. */
  #head = 0;
  /** The newest bytes, after all chunks: one small message as it arrived, or a block in which several were joined. */
  #tail: Uint8Array<ArrayBuffer> | undefined;
  /**
   * How much of `#tail` is filled. A message that arrived alone fills all of it, so nothing is ever written into its memory.
   */
  #tailLength = 0;
  #byteLength = 0;

  /** How many bytes are kept. */
  get byteLength(): number {
    return this.#byteLength;
  }

  push(chunk: Uint8Array<ArrayBuffer>): void {
    this.#byteLength += chunk.byteLength;
    if (chunk.byteLength < JOINED_BELOW_BYTES) return this.#pushSmall(chunk);
    this.#endTail();
    this.#chunks.push(chunk);
  }

  /** Takes out the oldest chunk. */
  shift(): Uint8Array<ArrayBuffer> | undefined {
    const chunk = this.#head < this.#chunks.length ? this.#shiftChunk() : this.#takeTail();
    if (chunk) this.#byteLength -= chunk.byteLength;
    return chunk;
  }

  /** Moves as many bytes into `target` as are available and fit, and returns their number. */
  readInto(target: Uint8Array): number {
    let filled = 0;
    while (filled < target.byteLength && filled < this.#byteLength) {
      if (this.#head === this.#chunks.length) this.#endTail();
      const chunk = this.#chunks[this.#head]!;
      const part = chunk.subarray(0, target.byteLength - filled);
      target.set(part, filled);
      filled += part.byteLength;
      if (part.byteLength === chunk.byteLength) this.#shiftChunk();
      else this.#chunks[this.#head] = chunk.subarray(part.byteLength);
    }
    this.#byteLength -= filled;
    return filled;
  }

  /** Drops everything and returns how many bytes that was. */
  clear(): number {
    const dropped = this.#byteLength;
    this.#chunks = [];
    this.#head = 0;
    this.#tail = undefined;
    this.#byteLength = 0;
    return dropped;
  }

  #pushSmall(chunk: Uint8Array<ArrayBuffer>): void {
    const length = this.#tailLength + chunk.byteLength;
    if (!this.#tail || length > BLOCK_BYTES) {
      this.#endTail();
      this.#tail = chunk;
      this.#tailLength = chunk.byteLength;
      return;
    }
    if (length > this.#tail.byteLength) this.#tail = this.#biggerBlock(this.#tail, length);
    this.#tail.set(chunk, this.#tailLength);
    this.#tailLength = length;
  }

  #biggerBlock(tail: Uint8Array<ArrayBuffer>, length: number): Uint8Array<ArrayBuffer> {
    const block = new Uint8Array(
      length <= FIRST_BLOCK_BYTES ? FIRST_BLOCK_BYTES : Math.min(BLOCK_BYTES, GROWTH * length),
    );
    block.set(tail.subarray(0, this.#tailLength));
    return block;
  }

  /** Makes the tail a chunk: nothing more is joined to it. */
  #endTail(): void {
    const tail = this.#takeTail();
    if (tail) this.#chunks.push(tail);
  }

  #takeTail(): Uint8Array<ArrayBuffer> | undefined {
    const tail = this.#tail;
    const length = this.#tailLength;
    this.#tail = undefined;
    if (!tail || length === tail.byteLength) return tail;
    // A mostly empty block would waste memory here and in the application.
    return 2 * length < tail.byteLength ? tail.slice(0, length) : tail.subarray(0, length);
  }

  #shiftChunk(): Uint8Array<ArrayBuffer> {
    const chunk = this.#chunks[this.#head]!;
    this.#chunks[this.#head++] = undefined;
    if (this.#head === this.#chunks.length) {
      this.#chunks.length = 0;
      this.#head = 0;
    } else if (this.#head === 1024) {
      this.#chunks.splice(0, 1024);
      this.#head = 0;
    }
    return chunk;
  }
}

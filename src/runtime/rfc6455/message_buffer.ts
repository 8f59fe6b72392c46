/** The most that is reserved for a message in advance: a peer that announces much and sends nothing costs no more. */
const PIECE_BYTES = 65_536;

/** One message that arrives in parts, in memory of its own. */
export class MessageBuffer {
  /** The pieces before the last one, all full. */
  #pieces: Uint8Array<ArrayBuffer>[] = [];
  #last: Uint8Array<ArrayBuffer> | undefined;
  /** How many bytes of the last piece are filled. */
  #filled = 0;
  #byteLength = 0;

  get byteLength(): number {
    return this.#byteLength;
  }

  /**
   * Adds a part.
   *
   * @param expected How much of the message is still to come, this part included, as far as it is known.
   */
  append(part: Uint8Array, expected: number): void {
    this.#byteLength += part.byteLength;
    for (let at = 0; at < part.byteLength;) {
      const last = this.#withRoom(expected - at);
      const length = Math.min(part.byteLength - at, last.byteLength - this.#filled);
      last.set(part.subarray(at, at + length), this.#filled);
      this.#filled += length;
      at += length;
    }
  }

  /** Takes the whole message out. */
  take(): Uint8Array<ArrayBuffer> {
    const pieces = this.#last ? [...this.#pieces, this.#last.subarray(0, this.#filled)] : this.#pieces;
    const [first] = pieces;
    const isOne = first?.buffer.byteLength === this.#byteLength;
    this.#pieces = [];
    this.#last = undefined;
    this.#filled = this.#byteLength = 0;
    return isOne ? first! : joined(pieces);
  }

  #withRoom(expected: number): Uint8Array<ArrayBuffer> {
    if (this.#last && this.#filled < this.#last.byteLength) return this.#last;
    if (this.#last) this.#pieces.push(this.#last);
    this.#filled = 0;
    return this.#last = new Uint8Array(Math.min(expected, PIECE_BYTES));
  }
}

/** All pieces joined into one. */
export function joined(pieces: readonly Uint8Array[]): Uint8Array<ArrayBuffer> {
  const whole = new Uint8Array(pieces.reduce((sum, { byteLength }) => sum + byteLength, 0));
  let at = 0;
  for (const piece of pieces) {
    whole.set(piece, at);
    at += piece.byteLength;
  }
  return whole;
}

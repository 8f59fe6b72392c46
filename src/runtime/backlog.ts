/** What a queued message costs in addition to its bytes: runtimes keep each one separately, some with kilobytes of overhead. */
const MESSAGE_BYTES = 512;

/**
 * How much is queued in a socket whose runtime reports only bytes. If messages were not counted, a peer that reads nothing
 * could make answers of a few bytes each take up hundreds of megabytes.
 */
export class Backlog {
  /** All bytes handed to the runtime. */
  #sent = 0;
  /** `#sent` when the message count began: while any of those bytes are still queued, the count goes on. */
  #mark = 0;
  #messages = 0;

  /** A message was handed to the runtime. */
  add(message: Uint8Array | string): void {
    this.#sent += message.length;
    this.#messages++;
  }

  /** The queued bytes plus the overhead of their messages. */
  weight(waitingBytes: number): number {
    if (waitingBytes === 0 || this.#sent - waitingBytes >= this.#mark) {
      this.#mark = this.#sent;
      this.#messages = waitingBytes === 0 ? 0 : 1;
    }
    return waitingBytes + this.#messages * MESSAGE_BYTES;
  }
}

/** What a message costs beside its bytes while it waits to be sent: runtimes keep each by itself, some with kilobytes around it. */
const MESSAGE_BYTES = 512;

/**
 * How much waits to be sent in a socket whose runtime tells bytes alone. Without the messages, a peer that reads nothing could
 * have answers of a few bytes each take up hundreds of megabytes.
 */
export class Backlog {
  /** All bytes that were sent. */
  #sent = 0;
  /** How many of them had been sent when the count of messages began: as long as some of those wait, the count goes on. */
  #mark = 0;
  #messages = 0;

  /** A message was handed to the runtime. */
  add(message: Uint8Array | string): void {
    this.#sent += message.length;
    this.#messages++;
  }

  /** Bytes that wait, with what the messages cost. */
  weight(waitingBytes: number): number {
    if (waitingBytes === 0 || this.#sent - waitingBytes >= this.#mark) {
      this.#mark = this.#sent;
      this.#messages = waitingBytes === 0 ? 0 : 1;
    }
    return waitingBytes + this.#messages * MESSAGE_BYTES;
  }
}

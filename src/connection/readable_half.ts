import { ResetCode, type Stream } from "../link/stream.ts";

/**
 * The receiving half of a stream as a readable byte stream. It buffers nothing itself (high-water mark 0): bytes stay in the
 * stream, where flow control counts them, until the application reads.
 */
export class ReadableHalf {
  readonly readable: ReadableStream<Uint8Array<ArrayBuffer>>;
  readonly #stream: Stream;
  #controller!: ReadableByteStreamController;
  /** A read is pending for which the stream had nothing. */
  #isWanted = false;
  #isOver = false;

  constructor(stream: Stream) {
    this.#stream = stream;
    this.readable = new ReadableStream({
      type: "bytes",
      start: (controller) => {
        this.#controller = controller;
      },
      pull: () => this.#deliver(),
      cancel: (reason) => {
        this.#isOver = true;
        stream.cancel(ResetCode.application, reason);
      },
    }, { highWaterMark: 0 });
  }

  /** Bytes arrived, or the end. */
  wake(): void {
    if (this.#isOver) return;
    if (this.#isWanted || this.#controller.byobRequest) this.#deliver();
    else this.#endIfRead();
  }

  /** Errors the half; what is unread is lost. */
  fail(error: unknown): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#controller.error(error);
  }

  /** Ends the half: everything was read, or the application wants no more. */
  end(): void {
    if (this.#isOver) return;
    this.#isOver = true;
    try {
      this.#controller.close();
    } catch {
      return; // in mid-element of a reader's own array: the stream has already errored (ReadableByteStreamControllerClose)
    }
    this.#controller.byobRequest?.respond(0);
  }

  #deliver(): void {
    this.#isWanted = this.#stream.unreadBytes === 0;
    if (!this.#isWanted) this.#deliverBytes();
    this.#endIfRead();
  }

  /** Reading grants credit, which may reveal that the socket is lost: the half has then failed. */
  #deliverBytes(): void {
    const view = this.#controller.byobRequest?.view;
    if (!view) {
      const bytes = this.#stream.read()!;
      if (!this.#isOver) this.#controller.enqueue(bytes);
      return;
    }
    // Not into the view itself: the reader that gave it may be gone, and `respond` would not serve the one that is waiting now.
    const bytes = new Uint8Array(Math.min(view.byteLength, this.#stream.unreadBytes));
    this.#stream.readInto(bytes);
    if (!this.#isOver) this.#controller.enqueue(bytes);
  }

  #endIfRead(): void {
    if (this.#stream.receiving === "fin" && this.#stream.unreadBytes === 0) this.end();
  }
}

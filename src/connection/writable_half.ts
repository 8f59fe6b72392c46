import { describeType } from "../describe.ts";
import { ResetCode, type Stream } from "../link/stream.ts";

/** What may wait in the writable's own queue before `desiredSize` is 0, in bytes. */
const QUEUE_BYTES = 65_536;

/** The sending half of a stream as a writable stream of bytes. A write resolves when flow control took its bytes. */
export class WritableHalf {
  readonly writable: WritableStream<ArrayBufferView | ArrayBuffer>;
  readonly #stream: Stream;
  #controller!: WritableStreamDefaultController;
  /** Writes that the application made and that the stream has not taken: a locked writable tells nobody of them. */
  #outstanding = 0;
  #onAllTaken: (() => void) | undefined;
  #hearsAbort = false;

  constructor(stream: Stream) {
    this.#stream = stream;
    this.writable = new WritableStream<ArrayBufferView | ArrayBuffer>({
      start: (controller) => {
        this.#controller = controller;
      },
      write: (chunk) => this.#write(chunk),
      close: () => this.#untilAborted(stream.end()),
      abort: (reason) => stream.reset(ResetCode.application, reason),
    }, { highWaterMark: QUEUE_BYTES, size: (chunk) => this.#enter(chunk) });
  }

  /** Breaks the half. What it has not taken is no whole any more, and nothing ends it. */
  fail(error: unknown): void {
    this.#controller.error(error);
    this.#onAllTaken = undefined;
  }

  /**
   * Ends the half behind everything that the application has written, also when it holds the writer. What it writes later
   * fails with `error`.
   */
  end(error: unknown): void {
    if (!this.writable.locked) {
      if (this.#outstanding === 0) this.#stream.end()?.catch(ignoreBroken); // a writable that was just made would begin later
      return void this.writable.close().catch(ignoreBroken);
    }
    if (this.#outstanding > 0) this.#onAllTaken = () => this.#endLocked(error);
    else this.#endLocked(error);
  }

  #endLocked(error: unknown): void {
    this.#stream.end()?.catch(ignoreBroken);
    this.#controller.error(error);
  }

  /** The strategy's size function: the one place that sees a write when it is made. */
  #enter(chunk: unknown): number {
    this.#outstanding++;
    return ArrayBuffer.isView(chunk) || chunk instanceof ArrayBuffer ? chunk.byteLength : 0;
  }

  #write(chunk: unknown): Promise<void> | undefined {
    const taken = this.#stream.write(this.#bytesOf(chunk));
    if (!taken) return this.#taken();
    return this.#untilAborted(taken)!.then(() => this.#taken());
  }

  /** Bytes of any view or buffer. Anything else gives the stream up: the peer must not take what came so far for the whole. */
  #bytesOf(chunk: unknown): Uint8Array {
    const buffer = ArrayBuffer.isView(chunk) ? chunk.buffer : chunk;
    if (buffer instanceof ArrayBuffer && !buffer.detached) {
      if (chunk instanceof Uint8Array) return chunk;
      return ArrayBuffer.isView(chunk)
        ? new Uint8Array(chunk.buffer, chunk.byteOffset, chunk.byteLength)
        : new Uint8Array(buffer);
    }
    // The runtimes' sockets refuse shared memory.
    if (ArrayBuffer.isView(chunk) && !(buffer instanceof ArrayBuffer)) {
      return new Uint8Array(chunk.buffer, chunk.byteOffset, chunk.byteLength).slice();
    }
    const what = buffer instanceof ArrayBuffer ? "a detached buffer" : describeType(chunk);
    const error = new TypeError(
      `Cannot write to connection: chunk must be an ArrayBuffer or a view of one, got ${what}`,
    );
    this.#stream.reset(ResetCode.application, error);
    throw error;
  }

  /**
   * Lets `abort()` end a wait at once: a WritableStream itself calls its sink only when the write or close under way has
   * settled (Streams standard, WritableStreamAbort), and that may wait for a reader that never reads.
   */
  #untilAborted(waiting: Promise<void> | undefined): Promise<void> | undefined {
    if (!this.#hearsAbort && this.#stream.holdsBack) {
      this.#hearsAbort = true;
      const { signal } = this.#controller;
      signal.addEventListener("abort", () => this.#stream.reset(ResetCode.application, signal.reason), { once: true });
    }
    return waiting;
  }

  #taken(): undefined {
    if (--this.#outstanding > 0) return;
    this.#onAllTaken?.();
    this.#onAllTaken = undefined;
  }
}

/** The break that ends a waiting close is told by `closed` and the writable itself. */
function ignoreBroken(): void {}

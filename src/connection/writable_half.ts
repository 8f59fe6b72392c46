import { describeType } from "../describe.ts";
import { ConnectionResetError } from "../errors.ts";
import type { StreamFailure } from "../link/sender.ts";
import { ResetCode, type Stream } from "../link/stream.ts";
import type { Clock } from "../time/clock.ts";

/** How many bytes may wait in the writable's own queue before `desiredSize` is 0. */
const QUEUE_BYTES = 65_536;

/** The sending half of a stream as a writable byte stream. A write resolves when flow control has accepted its bytes. */
export class WritableHalf {
  readonly writable: WritableStream<ArrayBufferView | ArrayBuffer>;
  readonly #stream: Stream;
  #controller!: WritableStreamDefaultController;
  /** Writes that the application has made and the stream has not accepted yet. A locked writable does not reveal them. */
  #outstanding = 0;
  #onAllTaken: (() => void) | undefined;
  #hearsAbort = false;
  /** Why later writes fail. */
  #ended: StreamFailure | undefined;

  constructor(stream: Stream) {
    this.#stream = stream;
    this.writable = new WritableStream<ArrayBufferView | ArrayBuffer>({
      start: (controller) => {
        this.#controller = controller;
      },
      write: (chunk) => this.#write(chunk),
      close: () => this.#untilAborted(stream.end()),
      abort: (reason) => stream.reset(ResetCode.application, reason === undefined ? this.#aborted() : reason),
    }, { highWaterMark: QUEUE_BYTES, size: (chunk) => this.#enter(chunk) });
  }

  /** Errors the half. What it has not accepted is lost, so a pending end is dropped too: the data is incomplete. */
  fail(error: unknown): void {
    this.#controller.error(error);
    this.#onAllTaken = undefined;
  }

  /**
   * Ends the half after everything that the application has written, even while the application holds the writer. What it
   * writes later fails with `error`.
   */
  end(error: unknown, clock: Clock): void {
    if (this.#resetIfAborted()) return;
    if (!this.writable.locked) {
      if (this.#outstanding === 0) this.#stream.end()?.catch(ignoreBroken); // a writable that was just created would end later
      return void this.writable.close().catch(ignoreBroken);
    }
    if (this.#outstanding > 0) this.#onAllTaken = () => this.#endLocked(error, clock);
    else this.#endLocked(error, clock);
  }

  /**
   * Whether the application has aborted the writable. A WritableStream may tell its sink so late that an end would leave first,
   * and the peer would take the bytes so far for the whole.
   */
  #resetIfAborted(): boolean {
    const { signal } = this.#controller;
    if (signal.aborted) this.#stream.reset(ResetCode.application, signal.reason);
    return signal.aborted;
  }

  /** What broke the stream if the application does not say. */
  #aborted(): ConnectionResetError {
    const message = `Cannot use connection ${this.#stream.id}: its writable was aborted`;
    return new ConnectionResetError(message, ResetCode.application, "");
  }

  #endLocked(error: unknown, clock: Clock): void {
    if (this.#resetIfAborted()) return;
    this.#stream.end()?.catch(ignoreBroken);
    this.#ended = { error };
    clock.endOfTurn(() => this.#controller.error(error)); // lets a close that the application has asked for resolve first
  }

  /** The strategy's size function: the only place that sees a write as soon as it is made. */
  #enter(chunk: unknown): number {
    this.#outstanding++;
    return ArrayBuffer.isView(chunk) || chunk instanceof ArrayBuffer ? chunk.byteLength : 0;
  }

  #write(chunk: unknown): Promise<void> | undefined {
    if (this.#ended) throw this.#ended.error;
    const taken = this.#stream.write(this.#bytesOf(chunk));
    if (!taken) return this.#taken();
    return this.#untilAborted(taken)!.then(() => this.#taken());
  }

  /** The bytes of any view or buffer. Anything else gives the stream up: the peer must not take partial data for the whole. */
  #bytesOf(chunk: unknown): Uint8Array {
    const buffer = ArrayBuffer.isView(chunk) ? chunk.buffer : chunk;
    if (buffer instanceof ArrayBuffer && !buffer.detached) {
      if (chunk instanceof Uint8Array) return chunk;
      return ArrayBuffer.isView(chunk)
        ? new Uint8Array(chunk.buffer, chunk.byteOffset, chunk.byteLength)
        : new Uint8Array(buffer);
    }
    // The runtimes' sockets do not accept shared memory.
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
   * Lets `abort()` end a wait at once: a WritableStream calls its sink only after the current write or close has settled
   * (Streams standard, WritableStreamAbort), which may be waiting for a reader that never reads.
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

/** The error that ends a pending close is reported by `closed` and by the writable itself. */
function ignoreBroken(): void {}

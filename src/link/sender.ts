import { MAX_DATA_BYTES } from "./control.ts";
import { returnBuffer, withRoom } from "./gather_buffers.ts";
import type { Deferred, TurnBatch } from "./turn_batch.ts";

/** Writes of at least this size are sent directly, not copied together with others. */
const DIRECT_BYTES = 16_384;

/** Where a sender's bytes go. */
export interface SenderTarget {
  /** How many bytes may be sent now; 0 while credit or the socket is exhausted. `Sender.pump` is called when that changes. */
  sendable(): number;
  /** Sends one data message of 1 to MAX_DATA_BYTES bytes. Its memory may be reused once this returns. */
  sendData(data: Uint8Array): void;
  /**
   * Sends the end of data: everything written before `Sender.end` has been sent.
   *
   * @param left To be called once nothing is held back any more.
   */
  sendEnd(left: () => void): void;
}

/** An error in a box: an application may give up with any value, even undefined. */
export interface StreamFailure {
  readonly error: unknown;
}

/**
 * The sending half of a stream. Small writes of one turn of the event loop are sent together, at the end of the turn or when 64
 * KiB are full: that gives 3 to 30 times the throughput of one message per write, and costs a lone write nothing, because no
 * timer is involved.
 */
export class Sender implements Deferred {
  /** Where the bytes go now. */
  target: SenderTarget;
  readonly #batch: TurnBatch;
  /** Small writes, `#used` bytes. Borrowed from the free list only while it holds something. */
  #gather: Uint8Array<ArrayBuffer> | undefined;
  #used = 0;
  /** What is left of the one write that waits. It comes after the gathered bytes. */
  #rest: Uint8Array | undefined;
  #written: PromiseWithResolvers<void> | undefined;
  /** The end was asked for, and has not left yet. */
  #isEnding = false;
  /** Set if somebody waits for the end to leave. */
  #finished: PromiseWithResolvers<void> | undefined;
  /** Why everything was discarded. */
  #failure: StreamFailure | undefined;
  /** Whether the batch will call `turnEnded`. Until then small writes are gathered. */
  #inBatch = false;
  /** No more bytes will be sent. */
  #over = false;

  constructor(target: SenderTarget, batch: TurnBatch) {
    this.target = target;
    this.#batch = batch;
  }

  /** Bytes written but not sent yet. */
  get pendingBytes(): number {
    return this.#used + (this.#rest?.byteLength ?? 0);
  }

  /** Whether bytes, or the end after them, have not left yet. */
  get holdsBack(): boolean {
    return this.pendingBytes > 0 || this.#isEnding;
  }

  /**
   * Takes bytes, one write at a time. Returns a promise if they do not fit: the memory belongs to the sender until it resolves.
   */
  write(bytes: Uint8Array): Promise<void> | undefined {
    if (this.#over || bytes.byteLength === 0) return undefined;
    if (bytes.byteLength < DIRECT_BYTES && bytes.byteLength <= MAX_DATA_BYTES - this.#used) {
      this.#append(bytes);
      return undefined;
    }
    this.#rest = bytes;
    this.pump();
    if (!this.#rest) return undefined;
    this.#written = Promise.withResolvers();
    return this.#written.promise;
  }

  /**
   * Sends the end of data after everything written. Unless it leaves at once, returns a promise that resolves when it has left,
   * and rejects if it never will.
   */
  end(): Promise<void> | undefined {
    if (this.#over) return this.#finished?.promise;
    this.#isEnding = true;
    this.pump(); // may reveal that the socket is lost
    if (this.#failure) return Promise.reject(this.#failure.error);
    if (!this.#isEnding) return undefined;
    this.#finished ??= Promise.withResolvers();
    return this.#finished.promise;
  }

  /** Sends what may be sent now: called when there is new credit or room. */
  pump(): void {
    if (this.#rest || this.#isEnding || !this.#inBatch) this.#sendGathered();
    this.#sendRest();
    if (!this.#rest) this.#settleWrite();
    if (this.#isEnding && !this.#over && this.pendingBytes === 0) this.#finish();
  }

  /** Drops what was not sent: the direction was given up, or the link is gone. A pending write or end rejects. */
  discard(error: unknown): void {
    this.#over = true;
    this.#isEnding = false;
    this.#failure = { error };
    this.#rest = undefined;
    this.#used = 0;
    this.#returnGather();
    this.#written?.reject(error);
    this.#finished?.reject(error);
    this.#written = this.#finished = undefined;
  }

  turnEnded(): void {
    this.#inBatch = false;
    if (!this.#over) this.pump();
  }

  #append(bytes: Uint8Array): void {
    this.#gather = withRoom(this.#gather, this.#used, this.#used + bytes.byteLength);
    this.#gather.set(bytes, this.#used);
    this.#used += bytes.byteLength;
    if (this.#used === MAX_DATA_BYTES) this.#sendGathered();
    else if (!this.#inBatch) {
      this.#inBatch = true;
      this.#batch.add(this);
    }
  }

  #sendGathered(): void {
    if (this.#used === 0) return;
    const gather = this.#gather!;
    const length = Math.min(this.#used, this.target.sendable());
    if (length === 0) return;
    this.target.sendData(gather.subarray(0, length));
    if (this.#over) return; // sending revealed that the socket is lost, and everything was dropped
    this.#used -= length;
    if (this.#used === 0) this.#returnGather();
    else gather.copyWithin(0, length, length + this.#used);
  }

  #sendRest(): void {
    while (this.#rest && this.#used === 0) {
      const length = Math.min(this.#rest.byteLength, this.target.sendable(), MAX_DATA_BYTES);
      if (length === 0) return;
      const data = this.#rest.subarray(0, length);
      this.#rest = length < this.#rest.byteLength ? this.#rest.subarray(length) : undefined;
      this.target.sendData(data);
    }
  }

  #finish(): void {
    this.#over = true;
    this.target.sendEnd(() => {
      this.#isEnding = false;
      this.#finished?.resolve();
      this.#finished = undefined;
    });
  }

  #settleWrite(): void {
    this.#written?.resolve();
    this.#written = undefined;
  }

  #returnGather(): void {
    if (this.#gather) returnBuffer(this.#gather);
    this.#gather = undefined;
  }
}

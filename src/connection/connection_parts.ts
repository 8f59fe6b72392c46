import type { Stream, StreamObserver } from "../link/stream.ts";
import { ReadableHalf } from "./readable_half.ts";
import { WritableHalf } from "./writable_half.ts";

/** Moves a connection's bytes without its web streams, and receives the events that these would receive. */
export interface StreamHolder {
  /** Bytes arrived, or the end. */
  wake(): void;
  /** A direction failed. */
  fail(error: unknown): void;
  /** Both directions have ended, cleanly or not. */
  settled(): void;
}

/**
 * The parts of a connection that receive its stream's events. One object with methods: a closure for each event would be a cost
 * for every connection of a tunnel.
 */
export class ConnectionParts implements StreamObserver {
  readonly #stream: Stream;
  holder: StreamHolder | undefined;
  #readableHalf: ReadableHalf | undefined;
  #writableHalf: WritableHalf | undefined;
  /** Created on demand. */
  #closed: PromiseWithResolvers<void> | undefined;

  constructor(stream: Stream) {
    this.#stream = stream;
  }

  /** Whether there is no holder, and nobody has asked for the web streams. */
  get areUnused(): boolean {
    return !this.holder && !this.#readableHalf && !this.#writableHalf;
  }

  get closed(): Promise<void> {
    if (!this.#closed) {
      this.#closed = Promise.withResolvers();
      this.#closed.promise.catch(ignored);
      if (this.#stream.settled) this.#settle(this.#closed);
    }
    return this.#closed.promise;
  }

  /** Creates the readable if nobody has asked for it yet; a holder keeps it locked. */
  openReadable(): ReadableHalf {
    if (this.#readableHalf) return this.#readableHalf;
    const half = this.#readableHalf = new ReadableHalf(this.#stream);
    const failure = this.#stream.readFailure;
    if (failure) half.fail(failure.error);
    else half.wake();
    if (this.holder) half.readable.getReader();
    return half;
  }

  openWritable(): WritableHalf {
    if (this.#writableHalf) return this.#writableHalf;
    const half = this.#writableHalf = new WritableHalf(this.#stream);
    const failure = this.#stream.writeFailure;
    if (failure) half.fail(failure.error);
    if (this.holder) half.writable.getWriter();
    return half;
  }

  // StreamObserver

  readable(): void {
    (this.holder ?? this.#readableHalf)?.wake();
  }

  readFailed(error: unknown): void {
    (this.holder ?? this.#readableHalf)?.fail(error);
  }

  /** On npws/1 a holder goes on after a clean close: there may be something left to read. */
  writeFailed(error: unknown): void {
    if (!this.holder) this.#writableHalf?.fail(error);
    else if (!this.#stream.isClosedByPeer) this.holder.fail(error);
  }

  settled(): void {
    if (this.#closed) this.#settle(this.#closed);
    this.holder?.settled();
  }

  #settle(closed: PromiseWithResolvers<void>): void {
    const { failure } = this.#stream;
    if (failure) closed.reject(failure.error);
    else closed.resolve();
  }
}

/** Whoever does not handle a connection's promises learns from its streams what broke it. */
export function ignored(): void {}

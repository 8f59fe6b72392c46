import type { StreamHolder } from "../connection/connection_parts.ts";
import { ResetCode, type Stream } from "../link/stream.ts";
import { type EndEvents, type HeldEnd, NOBODY } from "./held_end.ts";

/** A pooled connection without its web streams: its bytes go from the link to the other end with no queue in between. */
export class ConnectionEnd implements HeldEnd, StreamHolder {
  readonly ownsLastRead = true;
  readonly #stream: Stream;
  #events: EndEvents = NOBODY;
  #isWriting = false;
  #isTooLate = false;
  #isAllMoved = false;

  constructor(stream: Stream) {
    this.#stream = stream;
  }

  begin(events: EndEvents): void {
    this.#events = events;
    if (this.#stream.settled) this.settled();
    else if (this.#stream.failure) this.fail(this.#stream.failure.error);
  }

  read(): Uint8Array | undefined {
    return this.#stream.read(); // grants credit, which may reveal that the socket is lost
  }

  get isAtEnd(): boolean {
    return this.#stream.receiving !== "open";
  }

  get hasRoom(): boolean {
    return !this.#isWriting;
  }

  write(bytes: Uint8Array, taken?: () => void): void {
    const writing = this.#stream.write(bytes);
    if (!writing) return taken?.();
    this.#isWriting = true;
    const written = () => {
      this.#isWriting = false;
      taken?.();
      this.#events.writable();
    };
    writing.then(written, written); // `fail` reports what broke the stream
  }

  end(ended: () => void): void {
    const ending = this.#stream.end();
    if (ending) ending.then(ended, () => this.#cameTooLate());
    else ended();
  }

  /** npws/1: the peer's close ends both directions. */
  failIfPeerClosed(): boolean {
    const { isClosedByPeer } = this.#stream;
    if (isClosedByPeer) this.#cameTooLate();
    return isClosedByPeer;
  }

  allMoved(): void {
    this.#isAllMoved = true;
    this.#failIfClosed();
  }

  abort(reason: unknown): void {
    this.#stream.giveUp(ResetCode.application, reason);
  }

  release(): void {}

  // StreamHolder

  wake(): void {
    this.#events.readable();
  }

  fail(error: unknown): void {
    this.#events.failed(error);
  }

  settled(): void {
    const { failure, isClosedByPeer } = this.#stream;
    if (!failure) this.#events.over();
    else if (isClosedByPeer) this.#failIfClosed();
    else this.fail(failure.error);
  }

  /** Something for the peer came too late. Other failures of the stream are reported by `fail`. */
  #cameTooLate(): void {
    this.#isTooLate = true;
    this.#failIfClosed();
  }

  /**
   * npws/1: what the peer did not accept, or no longer would, is a failure, but everything that it has sent is delivered first.
   */
  #failIfClosed(): void {
    const { failure, isClosedByPeer, writeFailure } = this.#stream;
    if (!isClosedByPeer || !this.#isAllMoved) return;
    if (failure) this.fail(failure.error);
    else if (this.#isTooLate) this.fail(writeFailure!.error);
  }
}

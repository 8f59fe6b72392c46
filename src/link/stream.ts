import type { Socket } from "../runtime/socket.ts";
import { ReceiveBuffer } from "./receive_buffer.ts";
import { Sender, type SenderTarget, type StreamFailure } from "./sender.ts";
import type { TurnBatch } from "./turn_batch.ts";

/** The state of one direction of a stream. Each ends once: complete (`fin`) or given up (`reset`). */
export type Direction = "open" | "fin" | "reset";

/** Codes of `reset` and `stop`, docs/wire.md section 2.2. */
export const ResetCode = { givenUp: 0, application: 1, neverFetched: 2, poolClosed: 3 } as const;

/** What a stream needs from the link that carries it. */
export interface StreamLink extends SenderTarget {
  /** Tells the peer that nothing more comes from this side, and that what it has received may be incomplete. */
  sendReset(code: number, reason: string): void;
  /** Tells the peer that its bytes are no longer wanted. */
  sendStop(code: number, reason: string): void;
  /** The application has read these bytes, or they were discarded: there is room for that many more. */
  consumed(bytes: number): void;
  /** A direction ended or the last byte was read: the link checks whether the stream is done. */
  streamProgressed(): void;
}

/** What a stream remembers of the link that carries or has carried it. */
export interface Carrier {
  readonly id: string;
  readonly protocol: 1 | 2;
  /** The client's name, if it sent one. */
  readonly peer: string | undefined;
  readonly socket: Socket;
}

/** What a stream reports to the connection that the application holds. */
export interface StreamObserver {
  /** There is something to read, or the receiving direction ended. */
  readable(): void;
  /** The receiving direction failed. */
  readFailed(error: unknown): void;
  /** The sending direction failed, because of the peer or the link. */
  writeFailed(error: unknown): void;
  /** Both directions have ended. */
  settled(): void;
}

/**
 * Two byte directions over a link, from the take (or the first byte that arrives before it) to the end of both. Everything that
 * an application may do with a connection, and everything that may arrive over the wire, meets here; what is sent over the wire
 * is up to the link.
 */
export class Stream {
  #link: StreamLink;
  readonly #incoming = new ReceiveBuffer();
  readonly #sender: Sender;
  #observer: StreamObserver | undefined;
  #sending: Direction = "open";
  #receiving: Direction = "open";
  /** The application does not want what arrives: it is counted as consumed and dropped. */
  #cancelled = false;
  /** The first failure of either direction. Kept because it can happen before the application has the stream. */
  #failure: StreamFailure | undefined;
  #readFailure: StreamFailure | undefined;
  #writeFailure: StreamFailure | undefined;
  #isClosedByPeer = false;
  /** What the peer passed to `open()`, encoded. */
  metadata = "";
  #id = "";
  #carrier: Carrier | undefined;
  /** Bytes handed to the application. */
  bytesRead = 0;
  /** Bytes accepted from the application. */
  bytesWritten = 0;

  constructor(link: StreamLink, batch: TurnBatch) {
    this.#link = link;
    this.#sender = new Sender(link, batch);
  }

  /** The id under which the link carries the stream; it does not change when the link moves on to other streams. */
  get id(): string {
    return this.#id;
  }

  /** What does not change about the link that carries the stream; an early start may still move to another link. */
  get carrier(): Carrier {
    return this.#carrier!;
  }

  get sending(): Direction {
    return this.#sending;
  }

  get receiving(): Direction {
    return this.#receiving;
  }

  get cancelled(): boolean {
    return this.#cancelled;
  }

  /** Both directions have ended. */
  get settled(): boolean {
    return this.#sending !== "open" && this.#receiving !== "open";
  }

  /** npws/1: the peer has closed the link cleanly. Some of what it sent may be unread. */
  get isClosedByPeer(): boolean {
    return this.#isClosedByPeer;
  }

  /** The first failure of either direction; undefined after a clean end. */
  get failure(): StreamFailure | undefined {
    return this.#failure;
  }

  /** Why the receiving direction failed, unless this side's application gave it up. */
  get readFailure(): StreamFailure | undefined {
    return this.#readFailure;
  }

  /** Why the sending direction failed, unless this side's application gave it up. */
  get writeFailure(): StreamFailure | undefined {
    return this.#writeFailure;
  }

  /** Bytes that the application has not read yet. */
  get unreadBytes(): number {
    return this.#incoming.byteLength;
  }

  /** Bytes written that the link has not accepted yet. */
  get unsentBytes(): number {
    return this.#sender.pendingBytes;
  }

  /** Whether something written, or the end after it, has not left yet. */
  get holdsBack(): boolean {
    return this.#sender.holdsBack;
  }

  // The application's side.

  /** Connects the application, and reports at once what has already happened. */
  observe(observer: StreamObserver): void {
    this.#observer = observer;
    if (this.#readFailure) observer.readFailed(this.#readFailure.error);
    if (this.#writeFailure) observer.writeFailed(this.#writeFailure.error);
    if (this.settled) observer.settled();
  }

  /** Takes out the oldest unread chunk, whose memory then belongs to the caller. */
  read(): Uint8Array<ArrayBuffer> | undefined {
    const chunk = this.#incoming.shift();
    if (chunk) this.#wasRead(chunk.byteLength);
    return chunk;
  }

  /** Reads as many bytes into `target` as are available and fit. */
  readInto(target: Uint8Array): number {
    const length = this.#incoming.readInto(target);
    if (length > 0) this.#wasRead(length);
    return length;
  }

  /** Writes bytes; returns a promise if they must wait for room (see `Sender.write`). */
  write(bytes: Uint8Array): Promise<void> | undefined {
    this.bytesWritten += bytes.byteLength;
    return this.#sender.write(bytes);
  }

  /** Ends the sending direction after everything written (see `Sender.end`). */
  end(): Promise<void> | undefined {
    return this.#sending === "open" ? this.#sender.end() : undefined;
  }

  /** Gives up the sending direction. `error` is what the application sees on its own stream. */
  reset(code: number, error: unknown): void {
    if (this.#sending !== "open") return;
    this.#endSending("reset", error);
    this.#link.sendReset(code, reasonOf(error));
    this.#link.streamProgressed();
  }

  /** Drops what is unread and what is still to come. */
  cancel(code: number, reason: unknown): void {
    if (this.#cancelled) return;
    this.#cancelled = true;
    const wanted = this.#receiving === "open";
    this.#discardUnread();
    if (wanted) this.#link.sendStop(code, reasonOf(reason));
    this.#link.streamProgressed();
  }

  /** Gives up both directions: a failure of those that have not ended. */
  giveUp(code: number, reason: unknown): void {
    this.reset(code, reason);
    if (this.#receiving === "open" && !this.#cancelled) this.#failure ??= { error: reason };
    this.cancel(code, reason);
  }

  // The link's side.

  /** Sets the link that carries the stream, also while an early start stands between the two. */
  carriedBy(carrier: Carrier): void {
    this.#carrier = carrier;
    this.#id = carrier.id;
  }

  /** Connects the stream directly to its link. */
  bind(link: StreamLink & Carrier): void {
    this.carriedBy(link);
    this.#link = link;
    this.#sender.target = link;
  }

  /** Separates the stream from its link, which moves on to the next one: the application no longer reaches the link. */
  detach(): void {
    this.#link = this.#sender.target = NO_LINK;
  }

  receive(chunk: Uint8Array<ArrayBuffer>): void {
    if (this.#cancelled) return this.#link.consumed(chunk.byteLength);
    this.#incoming.push(chunk);
    this.#observer?.readable();
  }

  /** The peer has sent everything. */
  receiveEnd(): void {
    this.#receiving = "fin";
    this.#observer?.readable();
    this.#directionEnded();
    this.#link.streamProgressed();
  }

  /** The peer gave up its direction: what is unread is lost. */
  receiveReset(error: unknown): void {
    this.#failReceiving(error);
    this.#link.streamProgressed();
  }

  /** The peer does not want this side's bytes; the link has answered already. */
  receiveStop(error: unknown): void {
    this.#endSending("reset", error);
    this.#writeFailure = { error };
    this.#observer?.writeFailed(error);
    this.#link.streamProgressed();
  }

  /** There is new room or credit. */
  pump(): void {
    this.#sender.pump();
  }

  /** The link has sent the end of data (see `Sender.end`). */
  sentEnd(): void {
    if (this.#sending !== "open") return;
    this.#endSending("fin", undefined);
    this.#link.streamProgressed();
  }

  /** The link is gone: each direction that has not ended fails. What was received completely stays readable. */
  lost(error: unknown): void {
    this.detach(); // discarded bytes must not grant new credit
    if (this.#sending === "open") {
      this.#writeFailure = { error };
      this.#endSending("reset", error);
      this.#observer?.writeFailed(error);
    }
    if (this.#receiving === "open") this.#failReceiving(error);
  }

  /**
   * npws/1: the peer closed the link cleanly, which ends both directions. Only bytes that were not sent make this a failure.
   */
  closedByPeer(error: unknown): void {
    this.#isClosedByPeer = true;
    if (this.#sending === "open") {
      this.#writeFailure = { error };
      if (this.unsentBytes > 0) this.#failure ??= { error };
      this.#sending = "reset";
      this.#sender.discard(error);
      this.#observer?.writeFailed(error);
    }
    if (this.#receiving === "open") this.receiveEnd();
  }

  #wasRead(bytes: number): void {
    this.bytesRead += bytes;
    this.#link.consumed(bytes);
    if (this.#receiving !== "open" && this.unreadBytes === 0) this.#link.streamProgressed();
  }

  #discardUnread(): void {
    const dropped = this.#incoming.clear();
    if (dropped > 0) this.#link.consumed(dropped);
  }

  #endSending(how: Direction, error: unknown): void {
    this.#sending = how;
    if (how === "reset") {
      this.#failure ??= { error };
      this.#sender.discard(error);
    }
    this.#directionEnded();
  }

  #failReceiving(error: unknown): void {
    this.#receiving = "reset";
    this.#discardUnread();
    if (!this.#cancelled) {
      this.#failure ??= { error };
      this.#readFailure = { error };
      this.#observer?.readFailed(error);
    }
    this.#directionEnded();
  }

  /** A direction has ended, as each does once: the second end settles the stream. */
  #directionEnded(): void {
    if (this.settled) this.#observer?.settled();
  }
}

/** The text sent to the peer with a reset or stop. An error's message may be confidential, so it is not sent. */
function reasonOf(reason: unknown): string {
  return typeof reason === "string" ? reason : "";
}

/** The link of a stream that is over: it ignores what comes too late. */
const NO_LINK: StreamLink = {
  sendable: () => 0,
  sendData() {},
  sendEnd: (left) => left(),
  sendReset() {},
  sendStop() {},
  consumed() {},
  streamProgressed() {},
};

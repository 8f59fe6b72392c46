import type { Socket } from "../runtime/socket.ts";
import { NO_METADATA } from "./control.ts";
import { ReceiveBuffer } from "./receive_buffer.ts";
import { Sender, type SenderTarget } from "./sender.ts";
import type { TurnBatch } from "./turn_batch.ts";

/** How one direction of a stream stands: each ends once, by all its bytes (`fin`) or by being given up (`reset`). */
export type Direction = "open" | "fin" | "reset";

/** Codes of `reset` and `stop`, docs/wire.md section 2.2. */
export const ResetCode = { givenUp: 0, application: 1, neverFetched: 2, poolClosed: 3 } as const;

/** What a stream asks of the link that carries it. */
export interface StreamLink extends SenderTarget {
  /** Tells the peer that nothing more comes from this side, and that what did come may be incomplete. */
  sendReset(code: number, reason: string): void;
  /** Tells the peer that its bytes are not wanted any more. */
  sendStop(code: number, reason: string): void;
  /** The application took these bytes, or they were discarded: there is room for as many. */
  consumed(bytes: number): void;
  /** A direction ended or the last byte was read: the link looks whether the stream is over. */
  streamProgressed(): void;
}

/** What a stream keeps of the link that carries it, or has carried it. */
export interface Carrier {
  readonly id: string;
  readonly protocol: 1 | 2;
  /** The client's name, where it told one. */
  readonly peer: string | undefined;
  readonly socket: Socket;
}

/** What a stream tells the connection that the application holds. */
export interface StreamObserver {
  /** There is something to read, or the receiving direction ended. */
  readable(): void;
  /** The receiving direction broke. */
  readFailed(error: unknown): void;
  /** The sending direction broke, by the peer or by the link. */
  writeFailed(error: unknown): void;
  /** Both directions ended. */
  settled(): void;
}

/** An error, in a box: an application may give up with any value, undefined too. */
export interface StreamFailure {
  readonly error: unknown;
}

/**
 * Two byte directions over a link, from the take (or from the first byte that came before it) to the end of both. Everything
 * that an application may do with a connection, and all that the wire may bring, meets here; what is said on the wire is the
 * link's business.
 */
export class Stream {
  #link: StreamLink;
  readonly #incoming = new ReceiveBuffer();
  readonly #sender: Sender;
  #observer: StreamObserver | undefined;
  #sending: Direction = "open";
  #receiving: Direction = "open";
  /** The application does not want what comes: it is counted as consumed and dropped. */
  #cancelled = false;
  /** What broke a direction first. Kept because it can happen before the application has the stream. */
  #failure: StreamFailure | undefined;
  #readFailure: StreamFailure | undefined;
  #writeFailure: StreamFailure | undefined;
  #isClosedByPeer = false;
  /** What the peer gave to `open()`. */
  metadata: Uint8Array<ArrayBuffer> = NO_METADATA;
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

  /** The id under which the link carries it; it stays when the link goes on to other streams. */
  get id(): string {
    return this.#id;
  }

  /** The link's constant side; an early start may still move to another one. */
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

  /** npws/1: the peer has closed the link in order. What it has sent may be unread. */
  get isClosedByPeer(): boolean {
    return this.#isClosedByPeer;
  }

  /** What broke one of the directions first; undefined after a clean end. */
  get failure(): StreamFailure | undefined {
    return this.#failure;
  }

  /** What broke the receiving direction, other than this side's application. */
  get readFailure(): StreamFailure | undefined {
    return this.#readFailure;
  }

  /** What broke the sending direction, other than this side's application. */
  get writeFailure(): StreamFailure | undefined {
    return this.#writeFailure;
  }

  /** Bytes that wait for the application. */
  get unreadBytes(): number {
    return this.#incoming.byteLength;
  }

  /** Bytes written that the link has not taken. */
  get unsentBytes(): number {
    return this.#sender.pendingBytes;
  }

  /** Whether something written, or the end behind it, has not left. */
  get holdsBack(): boolean {
    return this.#sender.holdsBack;
  }

  // The application's side.

  /** Connects the application, and tells it at once what has happened before. */
  observe(observer: StreamObserver): void {
    this.#observer = observer;
    if (this.#readFailure) observer.readFailed(this.#readFailure.error);
    if (this.#writeFailure) observer.writeFailed(this.#writeFailure.error);
    if (this.settled) observer.settled();
  }

  /** The oldest unread message, whose memory is the caller's now. */
  read(): Uint8Array<ArrayBuffer> | undefined {
    const chunk = this.#incoming.shift();
    if (chunk) this.#wasRead(chunk.byteLength);
    return chunk;
  }

  /** Fills `target` as far as there are bytes. */
  readInto(target: Uint8Array): number {
    const length = this.#incoming.readInto(target);
    if (length > 0) this.#wasRead(length);
    return length;
  }

  /** Writes bytes; a promise where they must wait for room (see `Sender.write`). */
  write(bytes: Uint8Array): Promise<void> | undefined {
    this.bytesWritten += bytes.byteLength;
    return this.#sender.write(bytes);
  }

  /** Ends the sending direction behind everything written. */
  end(): Promise<void> | undefined {
    return this.#sending === "open" ? this.#sender.end() : undefined;
  }

  /** Gives the sending direction up. `error` is what the application will see of its own stream. */
  reset(code: number, error: unknown): void {
    if (this.#sending !== "open") return;
    this.#endSending("reset", error);
    this.#link.sendReset(code, reasonOf(error));
    this.#link.streamProgressed();
  }

  /** Drops what was not read and what will still come. */
  cancel(code: number, reason: unknown): void {
    if (this.#cancelled) return;
    this.#cancelled = true;
    const wanted = this.#receiving === "open";
    this.#discardUnread();
    if (wanted) this.#link.sendStop(code, reasonOf(reason));
    this.#link.streamProgressed();
  }

  /** Gives both directions up. */
  giveUp(code: number, reason: unknown): void {
    this.reset(code, reason);
    this.cancel(code, reason);
  }

  // The link's side.

  /** Tells which link carries the stream, while something else stands between the two. */
  carriedBy(carrier: Carrier): void {
    this.#carrier = carrier;
    this.#id = carrier.id;
  }

  /** Connects the stream to its link. */
  bind(link: StreamLink & Carrier): void {
    this.carriedBy(link);
    this.#link = link;
    this.#sender.target = link;
  }

  /** Separates the stream from its link, which goes on to the next one: nothing that the application does reaches it. */
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

  /** The peer gave its direction up: what was not read is gone. */
  receiveReset(error: unknown): void {
    this.#failReceiving(error);
    this.#link.streamProgressed();
  }

  /** The peer does not want our bytes; the link has answered. */
  receiveStop(error: unknown): void {
    this.#endSending("reset", error);
    this.#writeFailure = { error };
    this.#observer?.writeFailed(error);
    this.#link.streamProgressed();
  }

  /** Room or credit came. */
  pump(): void {
    this.#sender.pump();
  }

  /** The link's part of `Sender.end`: the end of data has left. */
  sentEnd(): void {
    if (this.#sending !== "open") return;
    this.#endSending("fin", undefined);
    this.#link.streamProgressed();
  }

  /** The link is gone: each direction that has not ended breaks. What came before the end of data stays readable. */
  lost(error: unknown): void {
    this.detach(); // what is discarded is granted to nobody
    if (this.#sending === "open") {
      this.#writeFailure = { error };
      this.#endSending("reset", error);
      this.#observer?.writeFailed(error);
    }
    if (this.#receiving === "open") this.#failReceiving(error);
  }

  /** npws/1: the peer closed the link in order, which ends both directions. Only bytes that have not left are a failure. */
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

  /** A direction has ended, which each does once: the second one settles the stream. */
  #directionEnded(): void {
    if (this.settled) this.#observer?.settled();
  }
}

/** The text that goes to the peer with a reset or stop. An error's message may hold what is nobody else's business, so it does not. */
function reasonOf(reason: unknown): string {
  return typeof reason === "string" ? reason : "";
}

/** Where a stream that is over sends what comes too late. */
const NO_LINK: StreamLink = {
  sendable: () => 0,
  sendData() {},
  sendEnd: (left) => left(),
  sendReset() {},
  sendStop() {},
  consumed() {},
  streamProgressed() {},
};

import { inParentheses } from "../describe.ts";
import { ConnectionLostError } from "../errors.ts";
import { HIGH_WATER_BYTES } from "../runtime/limits.ts";
import { CloseCode } from "../runtime/rfc6455/close_code.ts";
import type { Message, Socket, SocketHandler } from "../runtime/socket.ts";
import type { Clock, Timer } from "../time/clock.ts";
import type { EarlyStart } from "./early_start.ts";
import type { Carrier, Stream, StreamLink } from "./stream.ts";
import type { Take, TakeKind, TakenLink } from "./take.ts";
import type { TurnBatch } from "./turn_batch.ts";

/**
 * The state of a link. `idle`: in the store, used by nobody. `taking`: this side has sent a take that the peer has not answered
 * (npws/2). `inUse`: it carries a stream. `done`: this side is done with the stream, the peer is not (npws/2). `closing`: this
 * side has closed it, and the peer has not answered. `closed`: the socket is closed.
 */
export type LinkState = "idle" | "taking" | "inUse" | "done" | "closing" | "closed";

/**
 * How long the peer may take to answer a close, in milliseconds. A Go peer never answers while the link is idle in its pool.
 */
export const CLOSE_TIMEOUT_MS = 1_000;

/**
 * How many bytes may wait in the socket. Data is not sent before there is room, so only answers can exceed this: to a peer that
 * keeps asking for more of them (pongs, for example) and reads none.
 */
const MAX_BUFFERED_BYTES = 2 * HIGH_WATER_BYTES;

/** The pool, as its links see it. */
export interface LinkHost {
  readonly clock: Clock;
  readonly batch: TurnBatch;
  readonly limits: LinkLimits;
  readonly traffic: Traffic;
  /** The ids by which a server names its links; undefined on a client. */
  readonly ids: LinkIds | undefined;
  /** The link's state has changed; `link.state` is the new one. The last call for a link is the one for `closed`. */
  linkChanged(link: Link, before: LinkState): void;
  /** The link is idle again, and belongs to nobody. */
  linkFree(link: Link): void;
  /** Whether to close a link that has just ended a stream, instead of reusing it. Asked once per stream. */
  retires(link: Link): boolean;
  /** Whether there is room for one more stream taken by the peer. */
  canReserve(kind: TakeKind): boolean;
  /** The peer has taken the link: its stream waits for this side's application. */
  reserved(link: ReservedLink, stream: Stream, kind: TakeKind): void;
  /** npws/1: the peer has sent data and cleanly closed the idle link; the stream waits for this side's application. */
  leftBehind(link: ReservedLink, stream: Stream): void;
  /**
   * npws/2: keeps a completely received, reserved stream for this side's application, although its link is closed. False if
   * there is no room.
   */
  keepCompleted(link: ReservedLink, stream: Stream): boolean;
  /** Bytes left behind were discarded: nobody fetched them, or there was no room to keep them. */
  discarded(link: Link, bytes: number): void;
  /** A message arrived on an idle link. */
  provedAlive(link: Link): void;
  /** A reserved stream ended or was lost before the application got it. */
  unreserved(link: ReservedLink): void;
  /** npws/2: nobody on this side wants the link's stream any more, but the peer still has to end its direction. */
  givenUp(link: Link): void;
  /** A take was sent, and must be answered within the probe time. */
  probing(link: Link): void;
  /** The take was answered, or has failed. */
  probed(link: Link): void;
  /** On a client: this many calls at the server wait for a link. */
  wanted(count: number): void;
}

/** A link whose stream waits for the application. */
export interface ReservedLink extends Carrier {
  /** The application has the stream now. */
  fetched(): void;
  /** The application did not fetch the stream. */
  neverFetched(): void;
  /** Gives up the stream and the link, because the pool is closing. */
  abort(error: unknown): void;
  /** npws/2: the application already has a stream of its own, with early bytes in it, which replaces the reserved one. */
  adopt(early: EarlyStart): void;
}

/** The ids of one server pool, as its links see them. */
export interface LinkIds {
  /** Returns an id that no link has. */
  allocate(): string;
  /** Frees an id that no link has any more. */
  release(id: string): void;
}

export interface LinkLimits {
  /** npws/1: how many unread bytes a link may hold. */
  readonly receiveLimitBytes: number;
  /** npws/2: how many bytes a stream may receive beyond what was read: at the start of a link, and at most. */
  readonly windowBytes: number;
  readonly maxWindowBytes: number;
  /** Silence after which a link is pinged; 0 = never. */
  readonly keepAliveMs: number;
  /** npws/2: how long after its ping a link that stays silent is terminated. */
  readonly heartbeatTimeoutMs: number;
}

/** Stream bytes of all links of a pool. */
export interface Traffic {
  bytesRead: number;
  bytesWritten: number;
}

/** How a link ended. */
export interface LinkEnd {
  /** The WebSocket close code; 1006 when the socket was lost. */
  readonly code: number;
  readonly reason: string;
  /** Whether this side closed it. */
  readonly local: boolean;
  /** The link's state before. */
  readonly from: LinkState;
}

/**
 * One WebSocket between a client pool and a server pool, from the end of its handshake to its close: what both protocols share.
 * Only this class and the subclass for the protocol change a link's state.
 */
export abstract class Link implements SocketHandler, StreamLink, Carrier, TakenLink {
  abstract readonly protocol: 1 | 2;
  /** One per pool object of the peer; undefined on npws/1. */
  abstract readonly peerPool: string | undefined;
  readonly socket: Socket;
  /** The client's name, if it sent one. */
  readonly peer: string | undefined;
  readonly openedAt: number;
  /** When the peer's last message arrived. */
  heardAt: number;
  /** When the link is old enough to be retired; set by a pool that retires links. */
  retireAt = Infinity;
  /** How many streams the link has carried to their end; written by the subclass. */
  streams = 0;
  /** Whether an application on this side has ever had the link; written by the subclass. */
  hasServed = false;
  protected readonly host: LinkHost;
  /** The stream that the link carries, or that the peer has begun to fill while the link is idle. */
  protected stream: Stream | undefined;
  #id: string;
  #state: LinkState = "idle";
  /** `socket.send` has returned false, and no drain has followed. */
  #blocked = false;
  #end: LinkEnd | undefined;
  #closeTimer: Timer | undefined;
  /** Created on demand: nobody waits for most links. */
  #closed: PromiseWithResolvers<void> | undefined;

  constructor(socket: Socket, host: LinkHost, id: string, peer?: string) {
    this.socket = socket;
    this.host = host;
    this.peer = peer;
    this.#id = id;
    this.openedAt = this.heardAt = host.clock.now();
  }

  /** 8 lower-case hex digits. */
  get id(): string {
    return this.#id;
  }

  get state(): LinkState {
    return this.#state;
  }

  /** Whether an application, on this side or at the peer, may still be using it. */
  get isHeld(): boolean {
    return this.#state === "inUse";
  }

  /** Whether it is idle here although the peer's application already has it: the peer has sent data. */
  get isTouched(): boolean {
    return false;
  }

  /** Whether nothing more is sent or received on it. */
  get isEnded(): boolean {
    return this.#state === "closing" || this.#state === "closed";
  }

  /** How the link ended, or is ending; set from `closing` on. */
  get end(): LinkEnd | undefined {
    return this.#end;
  }

  /** Resolves when the socket is closed. */
  get closed(): Promise<void> {
    if (this.#state === "closed") return Promise.resolve();
    this.#closed ??= Promise.withResolvers();
    return this.#closed.promise;
  }

  /** Takes the idle link; the outcome is reported to `take`. */
  abstract take(take: Take): void;

  /** Takes the idle link if the peer need not be asked (npws/1), and returns its stream. */
  takeNow(): Stream | undefined {
    return undefined;
  }

  /** Gives up the granted stream, because nobody wants it any more. */
  abstract handBack(): void;

  /** Tells the client how many calls wait at the server (npws/2). */
  abstract want(count: number): void;

  /** Called by the pool at regular intervals. */
  abstract sweep(now: number): void;

  /** Handles a message. */
  protected abstract receive(message: Message): void;

  /** Closes the link, whatever it carries. If the peer does not answer within a second, the socket is dropped. */
  close(code: number, reason: string): void {
    if (this.isEnded) return;
    this.#end = { code, reason, local: true, from: this.#state };
    this.setState("closing");
    this.limitClosing();
    this.socket.close(code, reason);
  }

  /**
   * npws/2: begins to close a link on which this side is done, because the link retires or because the peer has not been done
   * for a long time. Nothing that is on its way to the peer is lost. False if this side is not done, or has begun to retire the
   * link already.
   */
  retireWhenDone(): boolean {
    return false;
  }

  /** Ends the link because the pool is closing; its stream fails with this error. */
  abstract abort(error: unknown): void;

  /** Drops the socket at once. */
  terminate(): void {
    if (this.#state !== "closed") this.socket.terminate();
  }

  // SocketHandler

  onMessage(message: Message): void {
    this.heardAt = this.host.clock.now();
    if (!this.isEnded) this.receive(message);
  }

  onDrain(): void {
    this.#blocked = false;
    this.pump();
  }

  onClose(code: number, reason: string): void {
    this.host.clock.clearTimeout(this.#closeTimer);
    this.#end ??= { code, reason, local: false, from: this.#state };
    this.setState("closed");
    this.streamLost();
    this.#closed?.resolve();
  }

  // StreamLink

  sendable(): number {
    return this.#blocked || this.isEnded ? 0 : Infinity;
  }

  sendData(data: Uint8Array): void {
    this.host.traffic.bytesWritten += data.byteLength;
    this.send(data);
  }

  abstract sendEnd(left: () => void): void;
  abstract sendReset(code: number, reason: string): void;
  abstract sendStop(code: number, reason: string): void;
  abstract consumed(bytes: number): void;
  abstract streamProgressed(): void;

  protected send(message: Uint8Array | string): void {
    if (this.isEnded) return;
    if (this.socket.send(message)) return;
    this.#blocked = true;
    if (this.socket.bufferedBytes > MAX_BUFFERED_BYTES) this.terminate();
  }

  /** Closes the link; its stream fails with this error. */
  protected fail(code: number, reason: string, error: unknown): void {
    this.stream?.lost(error); // first: some sockets report the close before `close` returns
    this.close(code, reason);
  }

  /** Drops the socket if it is not closed a second from now. */
  protected limitClosing(): void {
    this.#closeTimer ??= this.host.clock.setTimeout(() => this.socket.terminate(), CLOSE_TIMEOUT_MS);
  }

  /** There is room in the socket, or new credit: goes on sending. */
  protected pump(): void {
    this.stream?.pump();
  }

  protected setId(id: string): void {
    this.#id = id;
  }

  protected setState(state: LinkState): void {
    const before = this.#state;
    this.#state = state;
    this.host.linkChanged(this, before);
  }

  /** The socket is closed: ends what the link carried. */
  protected abstract streamLost(): void;

  /** The error for a stream that has lost its link. */
  protected lostError(): ConnectionLostError {
    const { code, reason, local } = this.#end!;
    const by = local
      ? "this side closed it"
      : code === CloseCode.abnormal
      ? "the socket was lost"
      : "the peer closed it";
    return new ConnectionLostError(
      `Cannot use connection ${this.#id}: ${by} with code ${code}${inParentheses(reason)}`,
      code,
      reason,
    );
  }
}

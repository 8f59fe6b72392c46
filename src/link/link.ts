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
 * Where a link stands. `idle`: in the store, used by nobody. `taking`: this side has asked for it and the peer has not answered
 * (npws/2). `inUse`: it carries a stream. `done`: this side has nothing more to do with the stream, the peer still has (npws/2).
 * `closing`: this side has closed it and the peer has not answered. `closed`: the socket is gone.
 */
export type LinkState = "idle" | "taking" | "inUse" | "done" | "closing" | "closed";

/** How long the peer may take to answer a close, in milliseconds. A Go peer that idles never does. */
export const CLOSE_TIMEOUT_MS = 1_000;

/**
 * What may wait in the socket. Data waits for room there, so that only answers get so far: to a peer that asks for ever more of
 * them, pongs for one, and reads none.
 */
const MAX_BUFFERED_BYTES = 2 * HIGH_WATER_BYTES;

/** The pool, as its links see it. */
export interface LinkHost {
  readonly clock: Clock;
  readonly batch: TurnBatch;
  readonly limits: LinkLimits;
  readonly traffic: Traffic;
  /** The ids that a server names its links by; undefined at a client. */
  readonly ids: LinkIds | undefined;
  /** The link's state has changed; the new one is set. The last call for a link is the one into `closed`. */
  linkChanged(link: Link, before: LinkState): void;
  /** The link is idle again, and nobody has it. */
  linkFree(link: Link): void;
  /** Whether a link that has just ended a stream is to be closed instead of being used again. Asked once for each stream. */
  retires(link: Link): boolean;
  /** Whether there is room for one more stream that the peer takes. */
  canReserve(kind: TakeKind): boolean;
  /** The peer has taken the link: the stream waits for this side's application. */
  reserved(link: ReservedLink, stream: Stream, kind: TakeKind): void;
  /** npws/1: the peer has sent something and closed the idle link in order; the stream waits for this side's application. */
  leftBehind(link: ReservedLink, stream: Stream): void;
  /** npws/2: keeps a reserved stream that came completely for this side's application, though its link is closed. False: no room. */
  keepCompleted(link: ReservedLink, stream: Stream): boolean;
  /** Nobody fetched what was left behind, or there was no room for it. */
  discarded(link: Link, bytes: number): void;
  /** The peer of an idle link was heard. */
  provedAlive(link: Link): void;
  /** A reserved stream is over or lost, before the application had it. */
  unreserved(link: ReservedLink): void;
  /** npws/2: nobody of this side wants the link's stream any more, and the peer has to end it as well. */
  givenUp(link: Link): void;
  /** A take was sent, and has the probe time to be answered. */
  probing(link: Link): void;
  /** It was answered. */
  probed(link: Link): void;
  /** The peer's application waits for so many links (client). */
  wanted(count: number): void;
}

/** A link whose stream waits for the application. */
export interface ReservedLink extends Carrier {
  /** The application has the stream now. */
  fetched(): void;
  /** The application did not come for it. */
  neverFetched(): void;
  /** The pool closes. */
  abort(error: unknown): void;
  /** npws/2: the application comes with a stream of its own, early bytes in it, in the place of the one that was reserved. */
  adopt(early: EarlyStart): void;
}

/** The ids of one server pool, as its links see them. */
export interface LinkIds {
  /** An id that no link has. */
  allocate(): string;
  /** The id is no link's any more. */
  release(id: string): void;
}

export interface LinkLimits {
  /** npws/1: how many unread bytes a link may hold. */
  readonly receiveLimitBytes: number;
  /** npws/2: how many bytes beyond what was read a stream may receive, at the start of a link and at most. */
  readonly windowBytes: number;
  readonly maxWindowBytes: number;
  /** Silence after which a link is pinged; 0 = never. */
  readonly keepAliveMs: number;
  /** npws/2: how long after a ping a silent link is given up. */
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
  /** Where the link stood before. */
  readonly from: LinkState;
}

/**
 * One WebSocket between a client pool and a server pool, from the end of its handshake to its close: what both protocols
 * share. Only this class and the protocol that extends it change a link's state.
 */
export abstract class Link implements SocketHandler, StreamLink, Carrier, TakenLink {
  abstract readonly protocol: 1 | 2;
  /** One per pool object of the peer; undefined on npws/1. */
  abstract readonly peerPool: string | undefined;
  readonly socket: Socket;
  /** The client's name, where it told one. */
  readonly peer: string | undefined;
  readonly openedAt: number;
  /** When the peer was last heard. */
  heardAt: number;
  /** When the link is old enough to be retired; written by the pool that retires. */
  retireAt = Infinity;
  /** How many streams the link has carried to their end; written by the protocol. */
  streams = 0;
  /** Whether it was of use: an application of this side got it. Written by the protocol. */
  hasServed = false;
  protected readonly host: LinkHost;
  /** The stream that the link carries, or that the peer has begun to fill while the link is idle. */
  protected stream: Stream | undefined;
  #id: string;
  #state: LinkState = "idle";
  /** `socket.send` has returned false and no drain has come. */
  #blocked = false;
  #end: LinkEnd | undefined;
  #closeTimer: Timer | undefined;
  /** Made when somebody asks: most links are waited for by nobody. */
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

  /** Whether an application, of this side or of the peer, may still have use for it. */
  get isHeld(): boolean {
    return this.#state === "inUse";
  }

  /** Whether it is idle, but the peer's application has it already: the peer has sent data. */
  get isTouched(): boolean {
    return false;
  }

  /** Whether nothing of it is sent or received any more. */
  get isEnded(): boolean {
    return this.#state === "closing" || this.#state === "closed";
  }

  /** How the link ended, or is ending: set from `closing` on. */
  get end(): LinkEnd | undefined {
    return this.#end;
  }

  /** Resolves when the socket is gone. */
  get closed(): Promise<void> {
    if (this.#state === "closed") return Promise.resolve();
    this.#closed ??= Promise.withResolvers();
    return this.#closed.promise;
  }

  /** Takes the idle link; the answer goes to the take. */
  abstract take(take: Take): void;

  /** Takes the idle link where the peer need not be asked (npws/1), and returns its stream. */
  takeNow(): Stream | undefined {
    return undefined;
  }

  /** Gives the stream up that was granted and that nobody wants any more. */
  abstract handBack(): void;

  /** Tells the client how many calls wait at the server (npws/2). */
  abstract want(count: number): void;

  /** Regular look of the pool. */
  abstract sweep(now: number): void;

  /** A message of this link's protocol. */
  protected abstract receive(message: Message): void;

  /** Closes the link, whatever it carries. The peer has a second to answer, then the socket is dropped. */
  close(code: number, reason: string): void {
    if (this.isEnded) return;
    this.#end = { code, reason, local: true, from: this.#state };
    this.setState("closing");
    this.limitClosing();
    this.socket.close(code, reason);
  }

  /**
   * npws/2: the peer has not said for a long time that it is done with a stream that this side has ended. Begins to close the link
   * without taking anything from the peer; false where that is no use, or was begun already.
   */
  retireWhenDone(): boolean {
    return false;
  }

  /** Ends the link under its stream, which breaks with this error: the pool closes. */
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

  /** Ends the link under its stream, which breaks with this error. */
  protected fail(code: number, reason: string, error: unknown): void {
    this.stream?.lost(error); // first: some sockets tell their close before `close` returns
    this.close(code, reason);
  }

  /** From now on the link has a second until its socket is dropped. */
  protected limitClosing(): void {
    this.#closeTimer ??= this.host.clock.setTimeout(() => this.socket.terminate(), CLOSE_TIMEOUT_MS);
  }

  /** There is room in the socket, or credit. */
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

  /** The socket is gone: ends what the link carried. */
  protected abstract streamLost(): void;

  /** What a stream is told that the link broke under. */
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

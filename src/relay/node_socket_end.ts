import { type NetSocket, netSocketOf } from "../runtime/net_socket.ts";
import { type EndEvents, type HeldEnd, NOBODY } from "./held_end.ts";

/**
 * What a relay needs of a connected or connecting node:net or node:tls socket: `net.Socket` has all of it.
 *
 * @example
 * ```ts
 * import { Socket } from "node:net";
 * import type { RelaySocket } from "@npws/pool/relay";
 *
 * const socket: RelaySocket = new Socket({ allowHalfOpen: true });
 * console.log(socket.allowHalfOpen); // true, as a relay wants it
 * ```
 */
export interface RelaySocket {
  /** Whether one direction may end before the other; must be true. */
  readonly allowHalfOpen: boolean;
  /** Whether the socket has been destroyed. */
  readonly destroyed: boolean;
  /** The error that destroyed it, if any. */
  readonly errored?: Error | null;
  /** Whether the peer has ended its direction and "end" has been emitted. */
  readonly readableEnded?: boolean;
  /** Whether to wait for "drain" before anything more is written. */
  readonly writableNeedDrain: boolean;
  /**
   * Whether the memory of a chunk belongs to its listener alone, and that of written bytes is free again once `write` has
   * returned true, so that a relay may release both at once. If undefined, this is assumed of node:net sockets and of no
   * others.
   */
  readonly keepsNoMemory?: boolean;
  /** Listens to "data", "end", "drain", "error" and "close". */
  // deno-lint-ignore no-explicit-any -- as EventEmitter has it
  on(event: string, listener: (...args: any[]) => void): unknown;
  /** Stops "data" events. */
  pause(): unknown;
  /** Lets "data" events continue. */
  resume(): unknown;
  /** Writes bytes; false if the caller should wait for "drain". */
  write(bytes: Uint8Array): boolean;
  /** Ends writing. The callback receives the error that kept the last bytes from being sent, if any. */
  end(callback: (error?: Error | null) => void): unknown;
  /** Ends the connection at once. */
  destroy(): unknown;
  /** Ends the connection by a reset (RST) instead of a normal end, as node:net sockets can. */
  resetAndDestroy?(): unknown;
}

/** How many bytes may wait for the other end before the socket is paused. */
const MAX_UNREAD_BYTES = 65_536;

/**
 * A node:net socket, used through its events. Giving it up resets the connection: a normal end would make the data so far look
 * complete.
 */
export class NodeSocketEnd implements HeldEnd {
  readonly #socket: RelaySocket;
  /** Set if it is a node:net socket itself: others may listen to it, and it reports when it has written something. */
  readonly #netSocket: NetSocket | undefined;
  readonly #keepsNoMemory: boolean;
  /** Somebody else receives what arrives, or has received it. */
  #isShared: boolean;
  #events!: EndEvents;
  readonly #unread: Uint8Array[] = [];
  #unreadBytes = 0;
  /** How many of the bytes still to be read may be in somebody else's memory, for example because of `unshift`. */
  #foreignBytes: number;
  ownsLastRead = false;
  /** Not resumed since it was paused, or since the beginning. */
  #isPaused = true;
  /** The peer has ended its direction. */
  #isEnded = false;
  /** This side's end has been sent. */
  #isEndSent = false;

  constructor(socket: RelaySocket) {
    this.#socket = socket;
    this.#netSocket = netSocketOf(socket);
    this.#keepsNoMemory = socket.keepsNoMemory ?? this.#netSocket !== undefined;
    this.#isShared = this.#isHeardBeside(0);
    this.#foreignBytes = this.#netSocket?.readableLength ?? 0;
  }

  begin(events: EndEvents): void {
    this.#events = events;
    const socket = this.#socket;
    socket.on("data", (bytes: Uint8Array) => this.#receive(bytes));
    socket.on("end", () => this.#receiveEnd());
    socket.on("drain", () => this.#events.writable());
    socket.on("error", (error: Error) => this.#broke(() => error));
    socket.on("close", () => this.#broke(closedError));
    if (socket.destroyed) events.failed(socket.errored ?? closedError());
    else if (socket.readableEnded) this.#receiveEnd(); // ended before anybody listened: an end without data needs no reader
  }

  read(): Uint8Array | undefined {
    const bytes = this.#unread.shift();
    if (bytes) {
      this.#unreadBytes -= bytes.byteLength;
      this.#handOut(bytes);
    } else if (this.#isPaused && !this.#isEnded) {
      this.#isPaused = false;
      this.#socket.resume();
    }
    return bytes;
  }

  get isAtEnd(): boolean {
    return this.#isEnded;
  }

  get hasRoom(): boolean {
    return !this.#socket.writableNeedDrain;
  }

  write(bytes: Uint8Array, taken?: () => void): void {
    if (!taken || !this.#keepsNoMemory) this.#socket.write(bytes);
    else if (this.#netSocket) this.#netSocket.write(bytes, taken);
    else if (this.#socket.write(bytes)) taken();
  }

  end(ended: () => void): void {
    this.#socket.end((error) => {
      if (error) return this.#events.failed(error);
      this.#isEndSent = true;
      this.#overIfEnded(); // first: `ended` may lead to the end of the other direction
      ended();
    });
  }

  abort(): void {
    this.#socket.on("error", ignore); // some sockets emit one on a reset
    const isConnecting = this.#netSocket?.connecting === true; // a reset would wait until it is connected
    if (this.#socket.resetAndDestroy && !isConnecting) this.#socket.resetAndDestroy();
    else this.#socket.destroy();
  }

  /**
   * The socket has ended on its own, or was given up. It must not keep the relay: on Deno it stays in memory until a major
   * garbage collection, and so does what its listeners refer to.
   */
  release(): void {
    this.#events = NOBODY;
  }

  #receive(bytes: Uint8Array): void {
    this.#isShared ||= this.#isHeardBeside(1);
    this.#unread.push(bytes);
    this.#unreadBytes += bytes.byteLength;
    this.#events.readable();
    if (this.#unreadBytes < MAX_UNREAD_BYTES) return;
    this.#isPaused = true;
    this.#socket.pause();
  }

  #handOut(bytes: Uint8Array): void {
    this.ownsLastRead = this.#keepsNoMemory && !this.#isShared && this.#foreignBytes <= 0;
    this.#foreignBytes -= bytes.byteLength;
  }

  /** @param own How many of the listeners are the relay's. */
  #isHeardBeside(own: number): boolean {
    const socket = this.#netSocket;
    return socket !== undefined && (socket.listenerCount("data") > own || socket.listenerCount("readable") > 0);
  }

  #receiveEnd(): void {
    this.#isEnded = true;
    this.#overIfEnded();
    this.#events.readable();
  }

  get #isOver(): boolean {
    return this.#isEnded && this.#isEndSent;
  }

  #overIfEnded(): void {
    if (this.#isOver) this.#events.over();
  }

  /**
   * Ignored once both directions have ended. The error is created only when it is needed: its stack trace would be a cost for
   * every connection of a tunnel.
   */
  #broke(errorOf: () => Error): void {
    if (!this.#isOver) this.#events.failed(errorOf());
  }
}

function closedError(): Error {
  return new Error("Cannot relay: the socket was closed");
}

function ignore(): void {}

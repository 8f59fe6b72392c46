import { type NetSocket, netSocketOf } from "../runtime/net_socket.ts";
import type { EndEvents, HeldEnd } from "./held_end.ts";

/**
 * What a relay needs of a connected or connecting socket of node:net or node:tls: `net.Socket` has all of it.
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
  /** Whether it is over. */
  readonly destroyed: boolean;
  /** What broke it. */
  readonly errored?: Error | null;
  /** Whether its peer has ended its direction, and "end" was told. */
  readonly readableEnded?: boolean;
  /** Whether nothing more should be written before "drain". */
  readonly writableNeedDrain: boolean;
  /**
   * Whether the memory of a chunk is its listener's alone, and that of written bytes free again when `write` returned true, so
   * that a relay may give it back at once. Without it a socket of node:net is taken to be so, and no other.
   */
  readonly keepsNoMemory?: boolean;
  /** Listens to "data", "end", "drain", "error" and "close". */
  // deno-lint-ignore no-explicit-any -- as EventEmitter has it
  on(event: string, listener: (...args: any[]) => void): unknown;
  /** Holds "data" back. */
  pause(): unknown;
  /** Lets "data" come. */
  resume(): unknown;
  /** Writes bytes; false when "drain" is to be waited for. */
  write(bytes: Uint8Array): boolean;
  /** Ends writing. The callback is told what kept the last bytes from leaving. */
  end(callback: (error?: Error | null) => void): unknown;
  /** Ends the connection at once. */
  destroy(): unknown;
  /** Ends the connection by a reset (RST) in the place of an end, as sockets of node:net can. */
  resetAndDestroy?(): unknown;
}

/** What may wait for the other end before the socket is held back, in bytes. */
const MAX_UNREAD_BYTES = 65_536;

/** A socket of node:net, by its events. Giving it up resets the connection: an end would make what came so far look complete. */
export class NodeSocketEnd implements HeldEnd {
  readonly #socket: RelaySocket;
  /** Where it is one of node:net: others may listen to it, and it tells when it has written something. */
  readonly #netSocket: NetSocket | undefined;
  readonly #keepsNoMemory: boolean;
  /** Somebody else hears what comes, or has heard it. */
  #isShared: boolean;
  #events!: EndEvents;
  readonly #unread: Uint8Array[] = [];
  #unreadBytes = 0;
  /** How much of what is still to be read may be memory of somebody else: of one who put it back (`unshift`), for one. */
  #foreignBytes: number;
  ownsLastRead = false;
  /** It was not resumed since it was paused, or since the begin. */
  #isPaused = true;
  /** The peer has ended its direction. */
  #isEnded = false;
  /** This side's end has left. */
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
    socket.on("drain", () => events.writable());
    socket.on("error", (error: Error) => this.#broke(() => error));
    socket.on("close", () => this.#broke(closedError));
    if (socket.destroyed) events.failed(socket.errored ?? closedError());
    else if (socket.readableEnded) this.#receiveEnd(); // before anybody listened: an end without a byte waits for no reader
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
      this.#overIfEnded(); // first: what the other event leads to may end the other direction
      ended();
    });
  }

  abort(): void {
    this.#socket.on("error", ignore); // some sockets tell one at a reset
    const isConnecting = this.#netSocket?.connecting === true; // a reset would wait for the connection
    if (this.#socket.resetAndDestroy && !isConnecting) this.#socket.resetAndDestroy();
    else this.#socket.destroy();
  }

  /** The socket has ended by itself, or was given up. */
  release(): void {}

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

  /** After both ends this is no news. An error costs its stack, at each connection of a tunnel. */
  #broke(errorOf: () => Error): void {
    if (!this.#isOver) this.#events.failed(errorOf());
  }
}

function closedError(): Error {
  return new Error("Cannot relay: the socket was closed");
}

function ignore(): void {}

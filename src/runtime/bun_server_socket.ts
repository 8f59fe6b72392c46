import { AdaptedSocket } from "./adapted_socket.ts";
import type { BunServerWebSocket, BunWebSocketHandler } from "./bun_api.ts";
import type { NetAddress, Socket, TlsInfo } from "./socket.ts";

/** `send` says to wait above this many bytes, and to go on below the other. */
const HIGH_WATER_BYTES = 1024 * 1024;
const LOW_WATER_BYTES = 256 * 1024;

/** Bun drops what goes beyond this, so nothing ever may: the high-water mark and one message have room. */
const BACKPRESSURE_LIMIT_BYTES = 64 * 1024 * 1024;

/** A message bigger than this closes the socket. */
const MAX_MESSAGE_BYTES = 16 * 1024 * 1024;

/** How long an answered upgrade may take to become an open socket. */
const UPGRADE_TIMEOUT_MS = 10_000;

const OPEN = 1;

/** The server's end of a socket on Bun. It is the `data` of Bun's own socket, so that one handler object serves all. */
export class BunServerSocket extends AdaptedSocket {
  readonly remoteAddress: NetAddress | undefined;
  readonly localAddress: NetAddress | undefined = undefined;
  readonly tls: TlsInfo | undefined = undefined;
  #webSocket: BunServerWebSocket | undefined;
  #opening: Opening | undefined;

  constructor(remoteAddress: NetAddress | undefined) {
    super();
    this.remoteAddress = remoteAddress;
    this.#opening = new Opening(() => this.terminate());
  }

  /** Resolves when the socket is open. */
  get opened(): Promise<Socket> {
    return this.#opening!.promise;
  }

  get bufferedBytes(): number {
    return this.#webSocket?.getBufferedAmount() ?? 0;
  }

  get canPause(): boolean {
    return true;
  }

  send(message: Uint8Array | string): boolean {
    const webSocket = this.#webSocket!;
    if (this.isClosed || webSocket.readyState !== OPEN || message.length === 0) return true;
    const sent = webSocket.send(message);
    if (sent === 0) this.terminate();
    if (sent > 0 || webSocket.getBufferedAmount() < HIGH_WATER_BYTES) return true;
    this.blocked = true;
    return false;
  }

  pause(): void {
    this.#webSocket?.pause();
  }

  resume(): void {
    this.#webSocket?.resume();
  }

  ping(): boolean {
    this.#webSocket?.ping();
    return true;
  }

  close(code: number, reason: string): void {
    this.resume();
    this.#webSocket?.close(code, reason);
  }

  protected drop(): void {
    this.#opening?.fail();
    this.#opening = undefined;
    this.resume();
    this.#webSocket?.terminate();
  }

  /** What Bun calls for all sockets of a server; those of others, in a server of the user's own, are left alone. */
  static readonly handlers: BunWebSocketHandler = {
    open(webSocket) {
      if (webSocket.data instanceof BunServerSocket) webSocket.data.#open(webSocket);
    },
    message(webSocket, message) {
      if (webSocket.data instanceof BunServerSocket) {
        webSocket.data.received(message);
      }
    },
    drain(webSocket) {
      const socket = webSocket.data;
      if (socket instanceof BunServerSocket && webSocket.getBufferedAmount() <= LOW_WATER_BYTES) socket.drained();
    },
    close(webSocket, code, reason) {
      if (webSocket.data instanceof BunServerSocket) webSocket.data.closed(code, reason);
    },
    idleTimeout: 0,
    sendPings: false,
    perMessageDeflate: false,
    backpressureLimit: BACKPRESSURE_LIMIT_BYTES,
    maxPayloadLength: MAX_MESSAGE_BYTES,
  };

  #open(webSocket: BunServerWebSocket): void {
    this.#webSocket = webSocket;
    webSocket.binaryType = "uint8array";
    if (this.isClosed) return webSocket.terminate();
    this.#opening!.resolve(this);
    this.#opening = undefined;
  }
}

/** Bun's handler object for all sockets of this module. */
export const serverSocketHandlers: BunWebSocketHandler = BunServerSocket.handlers;

class Opening {
  readonly promise: Promise<Socket>;
  readonly resolve: (socket: Socket) => void;
  readonly fail: () => void;

  constructor(expired: () => void) {
    const { promise, resolve, reject } = Promise.withResolvers<Socket>();
    this.promise = promise;
    promise.catch(() => {});
    const timer = setTimeout(expired, UPGRADE_TIMEOUT_MS);
    this.resolve = (socket) => {
      clearTimeout(timer);
      resolve(socket);
    };
    this.fail = () => {
      clearTimeout(timer);
      reject(new Error("the client went away before the socket was open"));
    };
  }
}

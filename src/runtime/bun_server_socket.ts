import { AdaptedSocket } from "./adapted_socket.ts";
import type { BunServerWebSocket, BunWebSocketHandler } from "./bun_api.ts";
import { HIGH_WATER_BYTES, LOW_WATER_BYTES, MAX_MESSAGE_BYTES } from "./limits.ts";
import { Opening } from "./opening.ts";
import type { UpgradeEnd } from "./runtime.ts";
import type { NetAddress, TlsInfo } from "./socket.ts";

/** Bun drops a message that would exceed this, which ends the socket; so the limit is far above the high-water mark. */
const BACKPRESSURE_LIMIT_BYTES = 64 * 1024 * 1024;

/** `readyState` of an open socket. */
const OPEN = 1;

/** The server's end of a socket on Bun. It is the `data` of Bun's own socket, so that one handler object serves all. */
export class BunServerSocket extends AdaptedSocket {
  readonly remoteAddress: NetAddress | undefined;
  readonly tls: TlsInfo | undefined;
  #webSocket: BunServerWebSocket | undefined;
  /** Defined until the socket is open: until the server's handler calls `open`. */
  #opening: Opening | undefined;

  constructor(remoteAddress: NetAddress | undefined, tls: TlsInfo | undefined, end: UpgradeEnd) {
    super();
    this.remoteAddress = remoteAddress;
    this.tls = tls;
    this.#opening = new Opening(end);
  }

  /** The upgrade was answered, which calls `open`, unless the application's own handler does so later or never. */
  answered(): void {
    this.#opening?.limit(() => this.terminate());
  }

  /** Bun does not expose it. */
  get localAddress(): undefined {
    return undefined;
  }

  get bufferedBytes(): number {
    return this.#webSocket?.getBufferedAmount() ?? 0;
  }

  get canPause(): boolean {
    return true;
  }

  send(message: Uint8Array | string): boolean {
    const webSocket = this.#webSocket;
    if (this.isClosed || webSocket?.readyState !== OPEN) return this.isClosed;
    // Bun returns 0 for an empty message too.
    if (message.length === 0) return true;
    const sent = webSocket.send(message);
    if (sent === 0) this.terminate();
    if (sent >= 0 || webSocket.getBufferedAmount() < HIGH_WATER_BYTES) return true;
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

  protected startClosing(code: number, reason: string): void {
    this.#webSocket?.close(code, reason);
  }

  protected override closed(code: number, reason: string): void {
    this.#opening?.fail();
    this.#opening = undefined;
    super.closed(code, reason);
  }

  protected drop(): void {
    this.#webSocket?.terminate();
  }

  /** The callbacks for all sockets of a server. Sockets whose `data` is not of this class are the application's own. */
  static handlers(maxMessageBytes = MAX_MESSAGE_BYTES): BunWebSocketHandler {
    return { ...BunServerSocket.#handlers, maxPayloadLength: maxMessageBytes };
  }

  static readonly #handlers: Omit<BunWebSocketHandler, "maxPayloadLength"> = {
    open(webSocket) {
      const { data } = webSocket;
      if (data instanceof BunServerSocket) data.#open(webSocket);
    },
    message({ data }, message) {
      if (data instanceof BunServerSocket) data.received(message);
    },
    drain({ data }) {
      if (data instanceof BunServerSocket && data.bufferedBytes <= LOW_WATER_BYTES) data.drained();
    },
    close({ data }, code, reason) {
      // In a microtask: Bun calls this from inside its `close` and `terminate`.
      if (data instanceof BunServerSocket) queueMicrotask(() => data.closed(code, reason));
    },
    idleTimeout: 0,
    sendPings: false,
    perMessageDeflate: false,
    backpressureLimit: BACKPRESSURE_LIMIT_BYTES,
  };

  #open(webSocket: BunServerWebSocket): void {
    webSocket.binaryType = "uint8array";
    this.#webSocket = webSocket;
    if (this.isClosed) return this.drop();
    const opening = this.#opening;
    this.#opening = undefined;
    opening?.succeed(this);
  }
}

import type { Socket as NetSocket } from "node:net";
// @ts-types="npm:@types/ws@^8"
import { WebSocket } from "ws";
import { AdaptedSocket } from "./adapted_socket.ts";
import { netAddress } from "./address.ts";
import type { Dialer, DialOptions } from "./runtime.ts";
import type { NetAddress, Socket, TlsInfo } from "./socket.ts";

/** A message bigger than this closes the socket with 1009. */
const MAX_MESSAGE_BYTES = 16 * 1024 * 1024;

/** `send` says to wait above this many bytes. */
const HIGH_WATER_BYTES = 1024 * 1024;

/** Dials with the npm library `ws`, over sockets of node:net and node:tls. */
export class WsDialer implements Dialer {
  readonly #options: DialOptions;

  constructor(options: DialOptions) {
    this.#options = options;
  }

  dial(signal: AbortSignal): Promise<Socket> {
    return new Promise((resolve, reject) => {
      signal.throwIfAborted();
      const webSocket = new WebSocket(this.#options.url, {
        headers: this.#options.headers,
        perMessageDeflate: false,
        maxPayload: MAX_MESSAGE_BYTES,
      });
      const socket = new WsSocket(webSocket);
      const giveUp = () => {
        socket.terminate();
        reject(signal.reason);
      };
      signal.addEventListener("abort", giveUp, { once: true });
      webSocket.once("open", () => {
        signal.removeEventListener("abort", giveUp);
        resolve(socket);
      });
      webSocket.once("error", (error) => {
        signal.removeEventListener("abort", giveUp);
        reject(error);
      });
    });
  }

  close(): void {}
}

/** A socket of `ws`. */
class WsSocket extends AdaptedSocket {
  readonly #webSocket: WebSocket;
  /** The TCP or TLS socket below, from the upgrade on. */
  #transport: NetSocket | undefined;
  readonly tls: TlsInfo | undefined = undefined;

  constructor(webSocket: WebSocket) {
    super();
    this.#webSocket = webSocket;
    webSocket.once("upgrade", (response) => this.#transport = response.socket);
    webSocket.on("message", (data, isBinary) => this.#receive(data as Uint8Array<ArrayBuffer>, isBinary));
    webSocket.on("error", ignore);
    webSocket.on("close", (code, reason) => this.closed(code, reason.toString()));
  }

  get localAddress(): NetAddress | undefined {
    return netAddress(this.#transport?.localAddress, this.#transport?.localPort);
  }

  get remoteAddress(): NetAddress | undefined {
    return netAddress(this.#transport?.remoteAddress, this.#transport?.remotePort);
  }

  get bufferedBytes(): number {
    return this.#webSocket.bufferedAmount;
  }

  get canPause(): boolean {
    return true;
  }

  send(message: Uint8Array | string): boolean {
    if (this.isClosed || this.#webSocket.readyState !== WebSocket.OPEN) return true;
    this.#webSocket.send(message);
    if (this.#webSocket.bufferedAmount < HIGH_WATER_BYTES) return true;
    if (!this.blocked) {
      this.blocked = true;
      this.#transport!.once("drain", () => this.drained());
    }
    return false;
  }

  pause(): void {
    this.#webSocket.pause();
  }

  resume(): void {
    this.#webSocket.resume();
  }

  ping(): boolean {
    if (this.#webSocket.readyState === WebSocket.OPEN) this.#webSocket.ping();
    return true;
  }

  close(code: number, reason: string): void {
    this.resume();
    this.#webSocket.close(code, reason);
  }

  protected drop(): void {
    this.#webSocket.terminate();
  }

  #receive(data: Uint8Array<ArrayBuffer>, isBinary: boolean): void {
    if (!isBinary) return this.received(data.toString());
    this.received(ownsBuffer(data) ? new Uint8Array(data.buffer) : new Uint8Array(data));
  }
}

/** A small message is a view of the chunk it came in, or of node's pool. */
function ownsBuffer(data: Uint8Array): boolean {
  return data.byteOffset === 0 && data.byteLength === data.buffer.byteLength;
}

function ignore(): void {}

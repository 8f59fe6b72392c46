import type { Socket as NetSocket } from "node:net";
// @ts-types="@types/ws"
import { WebSocket } from "ws";
import { AdaptedSocket } from "./adapted_socket.ts";
import { netAddress } from "./address.ts";
import { HIGH_WATER_BYTES } from "./limits.ts";
import { maskedFrame, releaseFrame } from "./masked_frame.ts";
import type { NetAddress, TlsInfo } from "./socket.ts";

/** From this size on a binary message bypasses the library, whose masking costs more than all the rest of sending. */
const FRAMED_HERE_BYTES = 1_024;

/** A socket of the npm library `ws`. */
export class WsSocket extends AdaptedSocket {
  readonly localAddress: NetAddress | undefined;
  readonly remoteAddress: NetAddress | undefined;
  readonly tls: TlsInfo | undefined;
  readonly #webSocket: WebSocket;
  readonly #transport: NetSocket;

  /** Takes the socket over in the turn in which it was made: the first message may come in the turn of `open`. */
  constructor(webSocket: WebSocket, transport: NetSocket, tls: TlsInfo | undefined) {
    super();
    this.#webSocket = webSocket;
    this.#transport = transport;
    this.localAddress = netAddress(transport.localAddress, transport.localPort);
    this.remoteAddress = netAddress(transport.remoteAddress, transport.remotePort);
    this.tls = tls;
    webSocket.on("message", (data, isBinary) => this.#receive(data as Uint8Array<ArrayBuffer>, isBinary));
    webSocket.on("close", (code, reason) => this.closed(code, reason.toString()));
    // The close that follows says all that the handler is told.
    webSocket.on("error", ignore);
  }

  get bufferedBytes(): number {
    return this.#webSocket.bufferedAmount;
  }

  get canPause(): boolean {
    return true;
  }

  send(message: Uint8Array | string): boolean {
    if (this.isClosed || this.#webSocket.readyState !== WebSocket.OPEN) return this.isClosed;
    if (typeof message === "string" || message.byteLength < FRAMED_HERE_BYTES) this.#webSocket.send(message);
    else this.#writeFrame(message);
    if (this.#webSocket.bufferedAmount < HIGH_WATER_BYTES) return true;
    if (!this.blocked) this.#transport.once("drain", () => this.drained());
    this.blocked = true;
    return false;
  }

  pause(): void {
    this.#webSocket.pause();
  }

  resume(): void {
    if (this.#webSocket.isPaused) this.#webSocket.resume(); // it throws where the opening has failed
  }

  ping(): boolean {
    if (this.#webSocket.readyState === WebSocket.OPEN) this.#webSocket.ping();
    return true;
  }

  protected startClosing(code: number, reason: string): void {
    this.#webSocket.close(code, reason);
  }

  protected drop(): void {
    this.#webSocket.terminate();
  }

  #writeFrame(message: Uint8Array): void {
    const frame = maskedFrame(message);
    this.#transport.write(frame.bytes, () => releaseFrame(frame));
  }

  #receive(data: Uint8Array<ArrayBuffer>, isBinary: boolean): void {
    if (!isBinary) return this.received(data.toString());
    this.received(ownsBuffer(data) ? new Uint8Array(data.buffer) : new Uint8Array(data));
  }
}

/** False for a small message: it is a view of the chunk that it came in, or of Node.js's pool. */
function ownsBuffer(data: Uint8Array): boolean {
  return data.byteOffset === 0 && data.byteLength === data.buffer.byteLength;
}

function ignore(): void {}

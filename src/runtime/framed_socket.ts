import type { Socket as NetSocket } from "node:net";
import { clearImmediate, setImmediate } from "node:timers";
import { releaseOf } from "../memory/release_memory.ts";
import { AdaptedSocket } from "./adapted_socket.ts";
import { netAddress } from "./address.ts";
import { Backlog } from "./backlog.ts";
import { END_TIMEOUT_MS, HIGH_WATER_BYTES, MAX_MESSAGE_BYTES } from "./limits.ts";
import { closePayload, type Closing } from "./rfc6455/close_payload.ts";
import { Opcode } from "./rfc6455/frame_format.ts";
import { type FrameHandler, FrameReader } from "./rfc6455/frame_reader.ts";
import { maskedFrame } from "./rfc6455/masked_frame.ts";
import { encodedText } from "./rfc6455/text.ts";
import type { Message, NetAddress, TlsInfo } from "./socket.ts";

const NO_PAYLOAD = new Uint8Array();

const framedSocket = Symbol("framedSocket");

/** A transport that knows its WebSocket, so that all share their listeners: closures would keep half a KiB for each. */
interface Transport extends NetSocket {
  [framedSocket]: FramedSocket;
}

/** A client's WebSocket (RFC 6455) over a connection of node:net or node:tls whose opening handshake is done. */
export class FramedSocket extends AdaptedSocket implements FrameHandler {
  readonly localAddress: NetAddress | undefined;
  readonly remoteAddress: NetAddress | undefined;
  readonly tls: TlsInfo | undefined;
  readonly canPause = true;
  readonly #transport: NetSocket;
  readonly #backlog = new Backlog();
  readonly #reader = new FrameReader(this, MAX_MESSAGE_BYTES);
  /** Defined while the socket waits a turn. */
  #turn: ReturnType<typeof setImmediate> | undefined;
  /** What the peer's close frame said. */
  #closing: Closing | undefined;
  /** The last ping that arrived while the transport was full: the only one to be answered. */
  #unanswered: Uint8Array | undefined;
  #timer: ReturnType<typeof setTimeout> | undefined;

  /** @param first What followed the handshake. */
  constructor(transport: NetSocket, tls: TlsInfo | undefined, first: Uint8Array<ArrayBuffer>) {
    super();
    this.#transport = transport;
    this.localAddress = netAddress(transport.localAddress, transport.localPort);
    this.remoteAddress = netAddress(transport.remoteAddress, transport.remotePort);
    this.tls = tls;
    Object.assign(transport, { [framedSocket]: this })
      .on("data", FramedSocket.#onData)
      .on("drain", FramedSocket.#onDrain)
      .on("end", FramedSocket.#onEnd)
      .on("close", FramedSocket.#onClose);
    this.#read(first);
  }

  get bufferedBytes(): number {
    return this.#backlog.weight(this.#transport.writableLength);
  }

  send(message: Uint8Array | string): boolean {
    if (!this.#isOpen) return this.isClosed;
    if (typeof message === "string") this.#write(Opcode.text, encodedText(message));
    else this.#write(Opcode.binary, message);
    this.#backlog.add(message);
    if (this.bufferedBytes < HIGH_WATER_BYTES) return true;
    this.blocked = true;
    if (!this.#transport.writableNeedDrain) this.watchDrain(); // it counts only bytes, and would not notify
    return false;
  }

  pause(): void {
    clearImmediate(this.#turn);
    this.#turn = undefined;
    if (this.#timer === undefined) this.#transport.pause(); // else only the end is still to come
  }

  resume(): void {
    this.#transport.resume();
  }

  ping(): boolean {
    if (this.#isOpen) this.#write(Opcode.ping, NO_PAYLOAD);
    return true;
  }

  override limitMessages(maxBytes: number): void {
    this.#reader.maxMessageBytes = maxBytes;
  }

  protected startClosing(code: number, reason: string): void {
    if (this.#transport.writable) this.#write(Opcode.close, closePayload({ code, reason }));
  }

  protected drop(): void {
    this.#transport.destroy();
  }

  // FrameHandler

  onMessage(message: Message): void {
    this.received(message);
  }

  /** Only the last of several pings needs an answer (RFC 6455 section 5.5.3), which bounds what is queued. */
  onPing(payload: Uint8Array): void {
    if (!this.#isOpen) return;
    if (this.#transport.writableNeedDrain) this.#unanswered = payload.slice();
    else this.#write(Opcode.pong, payload);
  }

  onClosing(closing: Closing): void {
    this.#closing = closing;
    this.#end(closing);
  }

  onViolation(code: number): void {
    this.#end({ code, reason: "" });
  }

  /** Whether frames may still be sent: not after a close frame, nor once the connection has ended. */
  get #isOpen(): boolean {
    return !this.isClosed && this.#transport.writable;
  }

  #write(opcode: number, payload: Uint8Array): void {
    const { bytes, release } = maskedFrame(opcode, payload);
    this.#transport.write(bytes, release);
  }

  #read(chunk: Uint8Array<ArrayBuffer>): void {
    this.#reader.read(chunk);
    releaseOf(chunk)?.();
    if (!this.handler) this.#waitATurn();
  }

  /** Lets the socket's new owner act first: Deno reads on for megabytes before it continues code that awaits a promise. */
  #waitATurn(): void {
    this.pause();
    this.#turn = setImmediate(() => {
      this.#turn = undefined;
      this.resume();
    });
  }

  /**
   * Sends the close frame unless that was done, ends this side's half of the connection, and drops it if the server's does not
   * end soon.
   */
  #end(closing: Closing): void {
    if (this.#isOpen) this.#write(Opcode.close, closePayload(closing));
    this.#transport.end();
    this.#dropSoon();
    this.resume();
  }

  #dropSoon(): void {
    this.#timer ??= setTimeout(() => this.#transport.destroy(), END_TIMEOUT_MS);
  }

  #drain(): void {
    if (this.#unanswered) this.onPing(this.#unanswered);
    this.#unanswered = undefined;
    this.drained();
  }

  /** The connection is closed. What arrived while the socket was paused is delivered first. */
  #ended(): void {
    this.#transport.removeAllListeners("data");
    for (let chunk = this.#transport.read(); chunk !== null; chunk = this.#transport.read()) this.#reader.read(chunk);
    clearTimeout(this.#timer);
    this.closed(this.#closing?.code ?? 0, this.#closing?.reason ?? "");
  }

  // The transports' listeners

  static #onData(this: Transport, chunk: Uint8Array<ArrayBuffer>): void {
    this[framedSocket].#read(chunk);
  }

  static #onDrain(this: Transport): void {
    this[framedSocket].#drain();
  }

  static #onEnd(this: Transport): void {
    this[framedSocket].#dropSoon();
  }

  static #onClose(this: Transport): void {
    this[framedSocket].#ended();
  }
}

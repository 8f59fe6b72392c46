import { AdaptedSocket } from "../src/runtime/adapted_socket.ts";
import type { Message, NetAddress } from "../src/runtime/socket.ts";
import type { Clock } from "../src/time/clock.ts";
import { FakePipe } from "./fake_pipe.ts";

/** What both ends of a cable share. */
export interface CableOptions {
  readonly clock: Clock;
  /** The delay of a frame that is sent now. */
  delayMs: number;
  /** `send` signals backpressure from this many bytes in flight, and the socket drains at a quarter of it. */
  readonly highWaterBytes: number;
  /** Called when an end is closed. */
  readonly onGone: (socket: FakeSocket) => void;
  /** Called with each message that is sent; its return value arrives instead. */
  readonly onMessage: (message: Message) => Message;
}

/** What is specific to one end. */
export interface EndOptions {
  readonly address: NetAddress;
  readonly canPause: boolean;
}

/** One WebSocket of the fake network, with both of its ends. */
export class FakeCable {
  readonly client: FakeSocket;
  readonly server: FakeSocket;
  readonly #options: CableOptions;

  constructor(options: CableOptions, client: EndOptions, server: EndOptions) {
    this.#options = options;
    const toServer = new FakePipe(options.clock, () => options.delayMs);
    const toClient = new FakePipe(options.clock, () => options.delayMs);
    this.client = new FakeSocket(this, options, client, toServer, toClient);
    this.server = new FakeSocket(this, options, server, toClient, toServer);
  }

  /** The delay of frames sent from now on. */
  set delayMs(delayMs: number) {
    this.#options.delayMs = delayMs;
  }

  /** Breaks the connection and drops everything in flight. Both ends find out after the delay. */
  lose(): void {
    this.client.speak();
    this.client.cut();
    this.server.cut();
  }

  /** The other end. */
  peerOf(socket: FakeSocket): FakeSocket {
    return socket === this.client ? this.server : this.client;
  }
}

/** One end of a fake WebSocket. */
export class FakeSocket extends AdaptedSocket {
  readonly tls = undefined;
  readonly localAddress: NetAddress;
  readonly canPause: boolean;
  /** The WebSocket that this end belongs to. */
  readonly cable: FakeCable;
  /** How many pings it has sent. */
  pings = 0;
  readonly #options: CableOptions;
  readonly #outgoing: FakePipe;
  readonly #incoming: FakePipe;
  readonly #opening = Promise.withResolvers<FakeSocket>();
  /** Callbacks waiting until everything is sent. */
  readonly #onceSent: (() => void)[] = [];
  #state: "opening" | "open" | "closing" | "gone" = "opening";

  constructor(cable: FakeCable, options: CableOptions, end: EndOptions, outgoing: FakePipe, incoming: FakePipe) {
    super();
    this.cable = cable;
    this.localAddress = end.address;
    this.canPause = end.canPause;
    this.#options = options;
    this.#outgoing = outgoing;
    this.#incoming = incoming;
    outgoing.onRoom = () => {
      if (outgoing.bytes <= options.highWaterBytes / 4) this.drained();
      if (outgoing.bytes === 0) { for (const callback of this.#onceSent.splice(0)) callback(); }
    };
    this.#opening.promise.catch(() => {});
  }

  /** Resolves when the socket is open, rejects if it never will be. */
  get opened(): Promise<FakeSocket> {
    return this.#opening.promise;
  }

  get isGone(): boolean {
    return this.#state === "gone";
  }

  get remoteAddress(): NetAddress {
    return this.#peer.localAddress;
  }

  get bufferedBytes(): number {
    return this.#outgoing.bytes;
  }

  /** Completes the handshake at this end. */
  open(): void {
    if (this.#state !== "opening") return;
    this.#state = "open";
    this.#opening.resolve(this);
  }

  /** On the server's end: answers the upgrade. The client's end opens when the answer arrives, before any data that follows. */
  accept(): void {
    this.#outgoing.carry(0, () => this.#peer.open());
    this.#options.clock.setTimeout(() => this.open(), 0);
  }

  send(message: Uint8Array | string): boolean {
    if (this.#state !== "open" || message.length === 0) return true;
    if (typeof message !== "string" && !(message.buffer instanceof ArrayBuffer)) throw new TypeError("shared memory");
    const sent: Message = typeof message === "string" ? message : message.slice();
    const carried = this.#options.onMessage(sent);
    this.#outgoing.carry(sent.length, () => this.#peer.received(carried));
    this.blocked = this.#outgoing.bytes >= this.#options.highWaterBytes;
    return !this.blocked;
  }

  pause(): void {
    if (this.canPause) this.#incoming.isPaused = true;
  }

  resume(): void {
    this.#incoming.isPaused = false;
  }

  /** The runtime handles the pong, and reports nothing. */
  ping(): boolean {
    if (this.#state === "open") this.pings++;
    return true;
  }

  /** Makes this end unresponsive: nothing that it sends leaves, and nothing reaches it. */
  silence(): void {
    this.#outgoing.isSilent = this.#incoming.isSilent = true;
  }

  /** Suppresses sending only; it still receives. */
  mute(): void {
    this.#outgoing.isSilent = true;
  }

  /** Reverts `silence` and `mute`: everything held back follows, in order. */
  speak(): void {
    this.#outgoing.isSilent = this.#incoming.isSilent = false;
  }

  /** Everything in flight counts as unsent, so this fires when the last of it has arrived. */
  override onceSent(callback: () => void): void {
    if (this.bufferedBytes === 0) callback();
    else this.#onceSent.push(callback);
  }

  /** Drops what it has sent; the other end finds out after the delay. */
  cut(): void {
    this.#outgoing.clear();
    this.#outgoing.carry(0, () => this.#peer.#lost());
  }

  protected startClosing(code: number, reason: string): void {
    checkCode(code);
    if (this.#state !== "open") return;
    this.#state = "closing";
    this.#sendClose(code, reason);
  }

  protected drop(): void {
    if (this.isGone) return;
    this.#leave();
    this.cut();
  }

  get #peer(): FakeSocket {
    return this.cable.peerOf(this);
  }

  #sendClose(code: number, reason: string): void {
    this.#outgoing.carry(0, () => this.#peer.#closeArrived(code, reason));
  }

  #closeArrived(code: number, reason: string): void {
    if (this.isGone) return;
    if (this.#state !== "closing") this.#sendClose(code, reason);
    this.#leave();
    this.closed(code, reason);
  }

  #lost(): void {
    if (this.isGone) return;
    this.#leave();
    this.closed(1006, "");
  }

  #leave(): void {
    if (this.#state === "opening") this.#opening.reject(new Error("the peer went away before the socket was open"));
    this.#state = "gone";
    this.#onceSent.length = 0;
    this.#incoming.clear();
    this.#incoming.isPaused = false;
    this.#options.onGone(this);
  }
}

/** Like the runtimes, refuses codes that a close frame must not carry (RFC 6455 section 7.4). */
function checkCode(code: number): void {
  const isCode = (code >= 1000 && code <= 1014 && ![1004, 1005, 1006].includes(code)) || (code >= 3000 && code <= 4999);
  if (!isCode) throw new Error(`Cannot close socket: code must be one that may be sent, got ${code}`);
}

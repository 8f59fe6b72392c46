import { AdaptedSocket } from "../src/runtime/adapted_socket.ts";
import type { Message, NetAddress } from "../src/runtime/socket.ts";
import type { Clock } from "../src/time/clock.ts";
import { FakePipe } from "./fake_pipe.ts";

/** What the two ends of a cable have in common. */
export interface CableOptions {
  readonly clock: Clock;
  /** How long a frame takes that is sent now. */
  delayMs: number;
  /** `send` says to wait from this many bytes under way on, and to go on at a quarter of it. */
  readonly highWaterBytes: number;
  /** Told when an end is gone. */
  readonly onGone: (socket: FakeSocket) => void;
  /** Told of each message that is sent; what it returns arrives. */
  readonly onMessage: (message: Message) => Message;
}

/** What one end has for itself. */
export interface EndOptions {
  readonly address: NetAddress;
  readonly canPause: boolean;
}

/** One WebSocket of the fake network: both its ends. */
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

  /** How long a frame takes that is sent from now on. */
  set delayMs(delayMs: number) {
    this.#options.delayMs = delayMs;
  }

  /** Loses the connection with all that is under way: both ends find out, after the delay. */
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
  /** The WebSocket that it is an end of. */
  readonly cable: FakeCable;
  /** How many pings it has sent. */
  pings = 0;
  readonly #options: CableOptions;
  readonly #outgoing: FakePipe;
  readonly #incoming: FakePipe;
  readonly #opening = Promise.withResolvers<FakeSocket>();
  /** Who waits until everything is sent. */
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

  /** Resolves when it is open, rejects when it never will be. */
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

  /** The handshake is complete at this end. */
  open(): void {
    if (this.#state !== "opening") return;
    this.#state = "open";
    this.#opening.resolve(this);
  }

  /** The server's end: answers the upgrade. The client's end opens when the answer has arrived, before all that follows. */
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

  /** The answer is the runtime's business, and tells nobody anything. */
  ping(): boolean {
    if (this.#state === "open") this.pings++;
    return true;
  }

  /** Answers nothing any more: what it sends does not leave, and what comes does not reach it. */
  silence(): void {
    this.#outgoing.isSilent = this.#incoming.isSilent = true;
  }

  /** Loses its voice alone: it goes on to hear. */
  mute(): void {
    this.#outgoing.isSilent = true;
  }

  /** Ends `silence` and `mute`: all that was held back follows, in order. */
  speak(): void {
    this.#outgoing.isSilent = this.#incoming.isSilent = false;
  }

  /** Everything under way counts as unsent, so this is when the last of it has arrived. */
  override onceSent(callback: () => void): void {
    if (this.bufferedBytes === 0) callback();
    else this.#onceSent.push(callback);
  }

  /** Loses what it has sent; the other end finds out after the delay. */
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

/** The runtimes refuse what no close frame may carry (RFC 6455 section 7.4). */
function checkCode(code: number): void {
  const isCode = (code >= 1000 && code <= 1014 && ![1004, 1005, 1006].includes(code)) || (code >= 3000 && code <= 4999);
  if (!isCode) throw new Error(`Cannot close socket: code must be one that may be sent, got ${code}`);
}

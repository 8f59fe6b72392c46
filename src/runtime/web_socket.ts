import { AdaptedSocket } from "./adapted_socket.ts";
import { Backlog } from "./backlog.ts";
import { HIGH_WATER_BYTES } from "./limits.ts";
import { CloseCode } from "./rfc6455/close_code.ts";
import type { NetAddress, TlsInfo } from "./socket.ts";

/**
 * The first of the close codes for applications. The standard `close` accepts only those and 1000, so where it is not extended,
 * the protocol's other codes are sent with this added: 1003 as 4003.
 */
const APPLICATION_CODES = 3000;

/** What some runtimes offer beyond the standard interface. */
interface Extensions {
  terminate?(): void;
  pause?(): void;
  resume?(): void;
  ping?(): void;
}

/** What is known about a socket from outside its interface. */
export interface SocketFacts {
  remoteAddress?: NetAddress;
  tls?: TlsInfo;
  /** `close` accepts the protocol's codes too (1001 to 1014), as on Deno's server side and in Bun's client. */
  takesProtocolCodes?: boolean;
}

/** Notified once of how the opening ended. */
export interface OpeningEnd {
  opened(): void;
  /** The event is the error event, if there was one. */
  failed(event: Event | undefined): void;
}

/** A socket with the web-standard interface; uses the runtimes' extensions where they exist. */
export class WebSocketSocket extends AdaptedSocket {
  readonly #webSocket: WebSocket & Extensions;
  readonly #facts: SocketFacts;
  readonly #backlog = new Backlog();
  /** Defined until the socket is open or failed. */
  #opening: OpeningEnd | undefined;

  /** Takes the socket over in the turn in which it was created: the first message may come in the same turn as `open`. */
  constructor(webSocket: WebSocket, facts: SocketFacts, opening: OpeningEnd) {
    super();
    this.#webSocket = webSocket;
    this.#facts = facts;
    this.#opening = opening;
    webSocket.binaryType = "arraybuffer";
    for (const type of ["open", "error", "message", "close"]) webSocket.addEventListener(type, this);
  }

  /** The runtimes do not expose it. */
  get localAddress(): undefined {
    return undefined;
  }

  get remoteAddress(): NetAddress | undefined {
    return this.#facts.remoteAddress;
  }

  get tls(): TlsInfo | undefined {
    return this.#facts.tls;
  }

  get bufferedBytes(): number {
    return this.#backlog.weight(this.#webSocket.bufferedAmount);
  }

  get canPause(): boolean {
    return this.#webSocket.pause !== undefined;
  }

  send(message: Uint8Array<ArrayBuffer> | string): boolean {
    if (this.isClosed || this.#webSocket.readyState !== WebSocket.OPEN) return this.isClosed;
    this.#webSocket.send(message);
    this.#backlog.add(message);
    if (this.bufferedBytes < HIGH_WATER_BYTES) return true;
    this.blocked = true;
    this.watchDrain();
    return false;
  }

  pause(): void {
    this.#webSocket.pause?.();
  }

  resume(): void {
    this.#webSocket.resume?.();
  }

  ping(): boolean {
    if (!this.#webSocket.ping) return false;
    if (this.#webSocket.readyState === WebSocket.OPEN) this.#webSocket.ping();
    return true;
  }

  protected startClosing(code: number, reason: string): void {
    const isTaken = this.#facts.takesProtocolCodes || code === CloseCode.normal || code >= APPLICATION_CODES;
    this.#webSocket.close(isTaken ? code : APPLICATION_CODES + code, reason);
  }

  /** Called by the runtime; public because the interface requires it. */
  handleEvent(event: Event): void {
    switch (event.type) {
      case "open":
        return this.#endOpening()?.opened();
      case "error":
        return this.#endOpening()?.failed(event);
      case "message":
        return this.#receive((event as MessageEvent<ArrayBuffer | string>).data);
      case "close":
        this.#endOpening()?.failed(undefined);
        return this.closed((event as CloseEvent).code, (event as CloseEvent).reason);
    }
  }

  protected drop(): void {
    if (this.#webSocket.terminate) this.#webSocket.terminate();
    else this.#webSocket.close();
  }

  #receive(data: ArrayBuffer | string): void {
    this.received(typeof data === "string" ? data : new Uint8Array(data));
  }

  #endOpening(): OpeningEnd | undefined {
    const opening = this.#opening;
    if (!opening) return undefined;
    this.#opening = undefined;
    this.#webSocket.removeEventListener("open", this); // only this one: without a listener, `ws` throws its errors
    return opening;
  }
}

/** Waits until a socket is open. Rejects with the signal's reason, or with what `explain` makes of the error event. */
export function dialWebSocket(
  webSocket: WebSocket,
  facts: SocketFacts,
  signal: AbortSignal,
  explain: (event: Event | undefined) => Error,
): Promise<WebSocketSocket> {
  return new Promise((resolve, reject) => {
    const giveUp = () => {
      reject(signal.reason); // first: a constructor's own `close` may throw
      socket.terminate();
    };
    const socket = new WebSocketSocket(webSocket, facts, {
      opened() {
        signal.removeEventListener("abort", giveUp);
        resolve(socket);
      },
      failed(event) {
        signal.removeEventListener("abort", giveUp);
        reject(explain(event));
      },
    });
    signal.addEventListener("abort", giveUp, { once: true });
  });
}

import { setImmediate } from "node:timers";
import { isOrderly } from "./rfc6455/close_code.ts";
import type { Message, NetAddress, TlsInfo } from "./socket.ts";
import { type OpeningEnd, WebSocketSocket } from "./web_socket.ts";

/** A peer that has been silent this long has nothing in flight to this socket, as far as the runtime knows. */
const QUIET_MS = 2;

/**
 * The server's end of a socket on Deno. At the first message after `close` the runtime drops the connection, along with
 * everything that has not reached the peer, including the close frame; so the close waits until nothing is in flight.
 */
export class DenoServerSocket extends WebSocketSocket {
  /** Closes with the code and reason given to `startClosing`; defined once that was called. */
  #sendClose: (() => void) | undefined;
  /** The timer that checks whether the close may be sent. */
  #closing: ReturnType<typeof setTimeout> | undefined;
  /** A message has arrived since the last check. */
  #wasHeard = false;

  constructor(
    webSocket: WebSocket,
    remoteAddress: NetAddress | undefined,
    tls: TlsInfo | undefined,
    opening: OpeningEnd,
  ) {
    super(webSocket, { remoteAddress, tls, takesProtocolCodes: true }, opening);
  }

  protected override startClosing(code: number, reason: string): void {
    this.#sendClose = () => super.startClosing(code, reason);
    if (isOrderly(code)) this.#closeOnceQuiet();
    else setImmediate(this.#sendClose); // the link has failed: a peer that keeps sending need not learn why
  }

  protected override received(message: Message): void {
    this.#wasHeard = true;
    super.received(message);
  }

  protected override closed(code: number, reason: string): void {
    clearTimeout(this.#closing);
    super.closed(code, reason);
  }

  protected override drop(): void {
    if (this.#sendClose) this.#sendClose();
    else super.drop();
  }

  /**
   * Closes when everything is sent and the peer has stopped sending, so that all of it arrives. An immediate runs before the
   * runtime looks for the next message.
   */
  #closeOnceQuiet(): void {
    this.#wasHeard = false;
    this.#closing = setTimeout(() => {
      if (this.#wasHeard || this.bufferedBytes > 0) this.#closeOnceQuiet();
      else setImmediate(this.#sendClose!);
    }, QUIET_MS);
  }
}

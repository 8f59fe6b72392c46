import { setImmediate } from "node:timers";
import { isOrderly } from "./rfc6455/close_code.ts";
import type { Message, NetAddress, TlsInfo } from "./socket.ts";
import { type OpeningEnd, WebSocketSocket } from "./web_socket.ts";

/** A peer that was silent for as long has nothing on the way to this socket, as far as the runtime knows. */
const QUIET_MS = 2;

/**
 * The server's end of a socket on Deno. At the first message after `close` the runtime drops the connection with all that has not
 * reached the peer, the close frame too: so the close waits until nothing is on its way.
 */
export class DenoServerSocket extends WebSocketSocket {
  /** Closes with the code and reason that were given; defined once they were. */
  #sendClose: (() => void) | undefined;
  /** Looks whether the close may be sent. */
  #closing: ReturnType<typeof setTimeout> | undefined;
  /** A message came since the last look. */
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
    else setImmediate(this.#sendClose); // the link has failed: a peer that goes on to send need not hear why
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
   * Closes when everything is sent and the peer is not just sending, so that all of it arrives. An immediate comes before the
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

import type { ClientHello, ServerHello } from "../../src/link/hello.ts";
import type { LinkHost } from "../../src/link/link.ts";
import type { Role } from "../../src/link/metered_link.ts";
import { Npws2Link } from "../../src/link/npws2.ts";
import type { Message, Socket } from "../../src/runtime/socket.ts";
import type { SocketWatcher } from "./recording_socket.ts";

/** A link with a watcher that observes each message that it sends or receives, also inside bundles. */
export class WatchedLink extends Npws2Link {
  readonly #watcher: Pick<SocketWatcher, "sent" | "received">;
  /** Whether a message is being sent. Sending it in two parts calls `send` for each, which the watcher must not count. */
  #isSending = false;

  constructor(
    watcher: Pick<SocketWatcher, "sent" | "received">,
    ...link: [socket: Socket, host: LinkHost, role: Role, id: string, peerHello: ServerHello | ClientHello]
  ) {
    super(...link);
    this.#watcher = watcher;
  }

  protected override send(message: Uint8Array | string): void {
    if (this.#isSending || this.isEnded) return super.send(message);
    this.#watcher.sent(message);
    this.#isSending = true;
    super.send(message);
    this.#isSending = false;
  }

  protected override receiveOne(message: Message): void {
    this.#watcher.received(message);
    super.receiveOne(message);
  }
}

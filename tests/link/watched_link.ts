import type { ClientHello, ServerHello } from "../../src/link/hello.ts";
import type { LinkHost } from "../../src/link/link.ts";
import type { Role } from "../../src/link/metered_link.ts";
import { Npws2Link } from "../../src/link/npws2.ts";
import type { Message, Socket } from "../../src/runtime/socket.ts";
import type { SocketWatcher } from "./recording_socket.ts";

/** A link of which somebody sees each message when it is said or heard, also where it leaves or came in a bundle. */
export class WatchedLink extends Npws2Link {
  readonly #watcher: Pick<SocketWatcher, "sent" | "received">;
  /** A message is being sent: the parts of one that is sent in two are none that the link says. */
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

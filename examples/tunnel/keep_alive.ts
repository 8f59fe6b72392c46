import { Roster } from "./roster.ts";
import type { TcpSocket } from "./tcp_socket.ts";

/** How long a connection may be silent before the system checks that its peer is still alive, in milliseconds. */
const KEEP_ALIVE_MS = 60_000;

/**
 * Lets the system check whether the peers of silent connections are still alive, but only for connections that last: to turn it
 * on takes 5 µs with Deno 2.9.6, 4 % of the processor time that a short connection takes.
 */
export class KeepAlive {
  readonly #sockets = new Roster<Entry>();

  /** Takes care of a connection; returns its place. */
  enter(socket: TcpSocket): number {
    return this.#sockets.enter({ socket, isOn: false });
  }

  /** The connection in this place is over. */
  leave(place: number): void {
    this.#sockets.leave(place);
  }

  /** Turns it on for all that do not have it yet. */
  turnOn(): void {
    for (const entry of this.#sockets) {
      if (!entry.isOn) entry.socket.setKeepAlive(true, KEEP_ALIVE_MS);
      entry.isOn = true;
    }
  }
}

interface Entry {
  readonly socket: TcpSocket;
  isOn: boolean;
}

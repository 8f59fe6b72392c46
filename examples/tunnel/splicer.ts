import { ConnectionResetError, type PoolConnection } from "@npws/pool";
import { relay } from "@npws/pool/relay";
import type { Log } from "./log.ts";
import type { TcpSocket } from "./tcp_socket.ts";

/** Joins TCP connections and streams. */
export class Splicer {
  readonly log: Log;
  readonly #abort: AbortSignal;

  /** @param abort Breaks all that are joined. */
  constructor(log: Log, abort: AbortSignal) {
    this.log = log;
    this.#abort = abort;
  }

  /**
   * Joins the two until both have ended; what breaks one breaks the other, as a reset. Never rejects.
   *
   * @param describe Says what is joined, for the log.
   * @returns Why the other end of the tunnel could not connect, where that is what broke it.
   */
  async join(socket: TcpSocket, connection: PoolConnection, describe: () => string): Promise<string | undefined> {
    this.log.debug(() => `Opened ${describe()}`);
    try {
      const { aToB, bToA } = await relay(socket, connection, { signal: this.#abort });
      this.log.debug(() => `Closed ${describe()}: ${aToB} bytes in, ${bToA} bytes out`);
    } catch (error) {
      this.log.debug(() => `Broke ${describe()}: ${(error as Error).message}`);
      if (error instanceof ConnectionResetError && error.reason !== "") return error.reason;
    }
  }
}

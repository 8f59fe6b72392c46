import { ConnectionResetError, type PoolConnection } from "@npws/pool";
import { relay } from "@npws/pool/relay";
import type { Log } from "./log.ts";
import type { TcpSocket } from "./tcp_socket.ts";

/**
 * Joins a TCP connection and a stream until both have ended; what breaks one breaks the other, as a reset. Never rejects.
 *
 * @param describe Says what is joined, for the log.
 * @returns Why the other end of the tunnel could not connect, where that is what broke it.
 */
export async function splice(
  socket: TcpSocket,
  connection: PoolConnection,
  describe: () => string,
  log: Log,
): Promise<string | undefined> {
  log.debug(() => `Opened ${describe()}`);
  try {
    const { aToB, bToA } = await relay(socket, connection);
    log.debug(() => `Closed ${describe()}: ${aToB} bytes in, ${bToA} bytes out`);
  } catch (error) {
    log.debug(() => `Broke ${describe()}: ${(error as Error).message}`);
    if (error instanceof ConnectionResetError && error.reason !== "") return error.reason;
  }
}

import { connect, createServer, type Server, type Socket } from "node:net";
import type { HostPort } from "./host_port.ts";
import { systemReason } from "./system_error.ts";
import { TcpSocket } from "./tcp_socket.ts";

/** Who connected, and the connection. */
export type OnConnection = (socket: TcpSocket, from: HostPort) => void;

/** A port that is listened on. */
export class TcpListener {
  readonly address: HostPort;
  readonly #server: Server;

  /** @throws {Error} The bind error; the message is the reason alone. */
  static listen({ hostname, port }: HostPort, onConnection: OnConnection): Promise<TcpListener> {
    const server = createServer({ allowHalfOpen: true }, (socket) => {
      const { remoteAddress = "", remotePort = 0 } = socket;
      onConnection(new TcpSocket(socket), { hostname: remoteAddress, port: remotePort });
    });
    return new Promise((resolve, reject) => {
      server.once("error", (error) => reject(new Error(systemReason(error), { cause: error })));
      server.listen(port, hostname, () => resolve(new TcpListener(server)));
    });
  }

  private constructor(server: Server) {
    this.#server = server;
    const { address, port } = server.address() as { address: string; port: number };
    this.address = { hostname: address, port };
  }

  /** Stops listening; connections go on. */
  close(): void {
    this.#server.close();
  }
}

/**
 * Connects to a target.
 *
 * @throws {Error} The message is the reason alone.
 */
export function connectTcp({ hostname, port }: HostPort, timeoutMs: number): Promise<TcpSocket> {
  const socket: Socket = connect({ host: hostname, port, allowHalfOpen: true });
  const { promise, resolve, reject } = Promise.withResolvers<TcpSocket>();
  const timer = setTimeout(() => fail(new Error(`no connection within ${timeoutMs} ms`)), timeoutMs);
  const fail = (error: unknown) => {
    clearTimeout(timer);
    socket.destroy();
    reject(new Error(systemReason(error), { cause: error }));
  };
  socket.once("error", fail);
  socket.once("connect", () => {
    clearTimeout(timer);
    socket.off("error", fail);
    resolve(new TcpSocket(socket));
  });
  return promise;
}

import { connect, createServer, type Server, type Socket } from "node:net";
import type { HostPort } from "./host_port.ts";
import { type Connecting, KEEP_ALIVE_MS, type ListenerEvents, type TcpListener, type TcpSocket } from "./tcp_socket.ts";

const SOCKET_OPTIONS = {
  allowHalfOpen: true,
  noDelay: true,
  keepAlive: true,
  keepAliveInitialDelay: KEEP_ALIVE_MS,
} as const;

/** Listens by node:net: a `Deno.Conn` cannot be reset. Rejects with the system's error. */
export function listenOnNode({ hostname, port }: HostPort, events: ListenerEvents): Promise<TcpListener> {
  const server = createServer(SOCKET_OPTIONS, (socket) => {
    socket.setKeepAlive(true, KEEP_ALIVE_MS); // Deno forgets the option of a server
    const { remoteAddress = "", remotePort = 0 } = socket;
    events.connected(held(socket), { hostname: remoteAddress, port: remotePort });
  });
  const { promise, resolve, reject } = Promise.withResolvers<TcpListener>();
  server.once("error", reject);
  server.listen(port, hostname, () => {
    server.off("error", reject).on("error", (error) => events.failed(error));
    resolve(new NodeListener(server));
  });
  return promise;
}

/** Begins to connect by node:net. Rejects with the system's error. */
export function connectOnNode({ hostname, port }: HostPort): Connecting {
  const socket: Socket = connect({ ...SOCKET_OPTIONS, host: hostname, port });
  const { promise, resolve, reject } = Promise.withResolvers<TcpSocket>();
  socket.once("error", reject);
  socket.once("connect", () => {
    socket.off("error", reject);
    resolve(held(socket));
  });
  const giveUp = (error: unknown) => {
    if (!socket.connecting) return;
    reject(error);
    socket.destroy();
  };
  return { promise, giveUp };
}

class NodeListener implements TcpListener {
  readonly address: HostPort;
  readonly #server: Server;

  constructor(server: Server) {
    this.#server = server;
    const { address, port } = server.address() as { address: string; port: number };
    this.address = { hostname: address, port };
  }

  close(): void {
    this.#server.close();
  }
}

/**
 * A socket that breaks before anybody has it breaks no more than itself: who gets it sees that it is destroyed. One that fails
 * would close itself as if all had been sent, so it is reset: Deno fails one whose peer has ended without having sent a byte, as
 * soon as a write has to wait.
 */
function held(socket: Socket): Socket {
  const { destroy } = socket;
  socket.destroy = (error?: Error) => {
    socket.destroy = destroy; // once; a reset destroys as well
    return error ? socket.resetAndDestroy() : socket.destroy();
  };
  return socket.on("error", () => {});
}

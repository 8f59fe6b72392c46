import { connect, createServer, type Server, Socket } from "node:net";
import type { HostPort } from "./host_port.ts";
import type { Connecting, ListenerEvents, TcpListener, TcpSocket } from "./tcp_socket.ts";

const SOCKET_OPTIONS = { allowHalfOpen: true, noDelay: true } as const;

/** Listens with node:net, because a `Deno.Conn` cannot be reset. Rejects with the system's error. */
export function listenOnNode({ hostname, port }: HostPort, events: ListenerEvents): Promise<TcpListener> {
  const server = createServer(SOCKET_OPTIONS, (socket) => {
    socket.destroy = resetOnError;
    socket.on("error", ignore); // one that breaks before anybody listens must not end the program
    events.connected(socket, () => {
      const { remoteAddress = "", remotePort = 0 } = socket; // a connection that was reset at once has none
      return { hostname: remoteAddress, port: remotePort };
    });
  });
  const { promise, resolve, reject } = Promise.withResolvers<TcpListener>();
  server.once("error", reject);
  server.listen(port, hostname, () => {
    server.off("error", reject).on("error", (error) => events.failed(error));
    resolve(new NodeListener(server));
  });
  return promise;
}

/** Starts to connect with node:net. Rejects with the system's error. */
export function connectOnNode({ hostname, port }: HostPort): Connecting {
  const socket: Socket = connect({ ...SOCKET_OPTIONS, host: hostname, port });
  const { promise, resolve, reject } = Promise.withResolvers<TcpSocket>();
  const connected = () => {
    // They would keep the attempt as long as the socket. Others take their places: once an event has lost its last listener, Deno
    // keeps all of them in a larger and slower table.
    socket.on("error", ignore).off("error", reject).on("connect", ignore).off("connect", connected);
    socket.destroy = resetOnError;
    resolve(socket);
  };
  socket.on("error", reject).on("connect", connected);
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

const { destroy } = Socket.prototype;

/**
 * Replaces `destroy`: a socket that fails would close as if everything had been sent, so it is reset instead. Deno fails a socket
 * whose peer has ended without sending a byte, as soon as a write has to wait. Not a closure for each socket: V8 allocates one
 * that is assigned to a property in the old generation, from where it would keep the socket until a major garbage collection.
 */
function resetOnError(this: Socket, error?: Error): Socket {
  this.destroy = destroy; // only once: a reset calls destroy() as well
  return error ? this.resetAndDestroy() : this.destroy();
}

function ignore(): void {}

import { connect, createServer, type Server, type Socket } from "node:net";
import { formatHostPort, type HostPort } from "./host_port.ts";
import { systemReason } from "./system_error.ts";

/** How long a connection may be silent before the system asks whether its peer still lives, in milliseconds. */
const KEEP_ALIVE_MS = 60_000;

/** Each direction of a connection ends by itself, and what is written leaves at once. */
const SOCKET_OPTIONS = {
  allowHalfOpen: true,
  noDelay: true,
  keepAlive: true,
  keepAliveInitialDelay: KEEP_ALIVE_MS,
} as const;

/** What a listener tells. */
export interface ListenerEvents {
  connected(socket: Socket, from: HostPort): void;
  /** A connection could not be accepted, as when the process has no file descriptors left. */
  failed(error: Error): void;
}

/** A port that is listened on. */
export class TcpListener {
  readonly address: HostPort;
  readonly #server: Server;

  /** @throws {Error} The bind error; the message is the reason alone. */
  static listen({ hostname, port }: HostPort, events: ListenerEvents): Promise<TcpListener> {
    const server = createServer(SOCKET_OPTIONS, (socket) => {
      const { remoteAddress = "", remotePort = 0 } = socket;
      events.connected(held(socket), { hostname: remoteAddress, port: remotePort });
    });
    const { promise, resolve, reject } = Promise.withResolvers<TcpListener>();
    const refused = (error: Error) => reject(new Error(systemReason(error), { cause: error }));
    server.once("error", refused);
    server.listen(port, hostname, () => {
      server.off("error", refused).on("error", (error) => events.failed(error));
      resolve(new TcpListener(server));
    });
    return promise;
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
 * @throws {Error} It cannot be reached in time; the message says why.
 */
export function connectTcp(target: HostPort, timeoutMs: number): Promise<Socket> {
  const { hostname, port } = target;
  const socket: Socket = connect({ ...SOCKET_OPTIONS, host: hostname, port });
  const { promise, resolve, reject } = Promise.withResolvers<Socket>();
  const timer = setTimeout(() => fail(new Error(`no connection within ${timeoutMs} ms`)), timeoutMs);
  const fail = (error: unknown) => {
    clearTimeout(timer);
    socket.destroy();
    reject(new Error(`Cannot connect to ${formatHostPort(target)}: ${systemReason(error)}`, { cause: error }));
  };
  socket.once("error", fail);
  socket.once("connect", () => {
    clearTimeout(timer);
    socket.off("error", fail);
    resolve(held(socket));
  });
  return promise;
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

import { type AddressInfo, createServer, type Server, type Socket } from "node:net";

/** A TCP server on 127.0.0.1. Disposing it destroys its connections. */
export interface Target extends AsyncDisposable {
  readonly port: number;
}

/** Starts a server that passes each of its connections, including half-open ones, to a function. */
export async function startTarget(serve: (socket: Socket) => void): Promise<Target> {
  const sockets = new Set<Socket>();
  const server = createServer({ allowHalfOpen: true }, (socket) => {
    sockets.add(socket);
    socket.once("close", () => sockets.delete(socket));
    socket.on("error", () => {}); // "close" reports the connection's end
    serve(socket);
  });
  const port = await listen(server);
  return {
    port,
    async [Symbol.asyncDispose]() {
      const closed = new Promise((resolve) => server.close(resolve));
      for (const socket of sockets) socket.destroy();
      await closed;
    },
  };
}

/** Echoes what arrives. */
export function startEcho(): Promise<Target> {
  return startTarget((socket) => void socket.pipe(socket));
}

/** Listens on a free port of 127.0.0.1. */
export function listen(server: Server): Promise<number> {
  return new Promise((resolve, reject) => {
    server.once("error", reject);
    server.listen(0, "127.0.0.1", () => resolve((server.address() as AddressInfo).port));
  });
}

/** A port on which nobody listens: it was free a moment ago. */
export async function deadPort(): Promise<number> {
  const server = createServer();
  const port = await listen(server);
  await new Promise((resolve) => server.close(resolve));
  return port;
}

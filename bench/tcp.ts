import { connect, createServer, type Socket } from "node:net";
import { CountingPipe } from "./pipe.ts";

/** Listens on a free port of 127.0.0.1 and returns it. */
export function serveTcp(opened: (socket: Socket) => void, allowHalfOpen = false): Promise<number> {
  const server = createServer({ noDelay: true, allowHalfOpen }, opened);
  return new Promise((resolve) =>
    server.listen(0, "127.0.0.1", () => resolve((server.address() as { port: number }).port))
  );
}

/** Connects to a port of 127.0.0.1. */
export function dialTcp(port: number, allowHalfOpen = false): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const socket: Socket = connect({ port, host: "127.0.0.1", noDelay: true, allowHalfOpen }, () => resolve(socket));
    socket.once("error", reject);
  });
}

/** A socket of node:net as a pipe. */
export class TcpPipe extends CountingPipe {
  readonly #socket: Socket;

  constructor(socket: Socket) {
    super();
    this.#socket = socket;
    socket.on("data", (chunk) => this.received(chunk.length));
  }

  send(bytes: Uint8Array): Promise<void> | undefined {
    if (this.#socket.write(bytes)) return undefined;
    return new Promise((resolve) => this.#socket.once("drain", resolve));
  }
}

import { connect, createServer, type Server, type Socket } from "node:net";

/** A way to a server that can be blocked as by a firewall: nothing gets through any more, and nobody is told. */
export class TcpProxy implements AsyncDisposable {
  readonly #listener: Server;
  readonly #target: number;
  readonly #sockets = new Set<Socket>();
  #isBlocked = false;

  private constructor(target: number) {
    this.#target = target;
    this.#listener = createServer((socket) => this.#accept(socket));
  }

  /** Listens on 127.0.0.1, and forwards to this port there. */
  static async listen(target: number): Promise<TcpProxy> {
    const proxy = new TcpProxy(target);
    await new Promise<void>((resolve) => proxy.#listener.listen(0, "127.0.0.1", resolve));
    return proxy;
  }

  get url(): string {
    return `ws://127.0.0.1:${(this.#listener.address() as { port: number }).port}`;
  }

  /** Forwards nothing more. Connections stay open, those of now for ever; new ones get no answer. */
  block(): void {
    this.#isBlocked = true;
    for (const socket of this.#sockets) socket.unpipe().pause();
  }

  /** Forwards new connections again. */
  unblock(): void {
    this.#isBlocked = false;
  }

  /** Drops everything. */
  async [Symbol.asyncDispose](): Promise<void> {
    for (const socket of this.#sockets) socket.destroy();
    await new Promise<void>((resolve) => this.#listener.close(() => resolve()));
  }

  #accept(socket: Socket): void {
    this.#keep(socket);
    if (this.#isBlocked) return;
    const onward = this.#keep(connect(this.#target, "127.0.0.1"));
    socket.pipe(onward).pipe(socket);
  }

  #keep(socket: Socket): Socket {
    this.#sockets.add(socket);
    socket.setNoDelay(true);
    socket.on("error", () => {}); // the close follows
    socket.on("close", () => this.#sockets.delete(socket));
    return socket;
  }
}

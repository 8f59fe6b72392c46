import { connect, createServer, type Server, type Socket } from "node:net";
import { Transform } from "node:stream";

/** A way to a server that can be long, or be blocked as by a firewall: nothing gets through any more, and nobody is told. */
export class TcpProxy implements AsyncDisposable {
  readonly #listener: Server;
  readonly #target: number;
  readonly #delayMs: number;
  readonly #sockets = new Set<Socket>();
  #isBlocked = false;

  private constructor(target: number, delayMs: number) {
    this.#target = target;
    this.#delayMs = delayMs;
    this.#listener = createServer({ allowHalfOpen: true }, (socket) => this.#accept(socket));
  }

  /** Listens on 127.0.0.1, and forwards to this port there. Everything takes `delayMs` longer, each way. */
  static async listen(target: number, delayMs = 0): Promise<TcpProxy> {
    const proxy = new TcpProxy(target, delayMs);
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
    const onward = this.#keep(connect({ host: "127.0.0.1", port: this.#target, allowHalfOpen: true }));
    if (this.#delayMs === 0) return void socket.pipe(onward).pipe(socket);
    this.#delay(socket, onward);
    this.#delay(onward, socket);
  }

  /** What is still on its way ends with the socket that it goes to. */
  #delay(from: Socket, to: Socket): void {
    const way = delayed(this.#delayMs);
    from.pipe(way).pipe(to);
    to.once("close", () => way.destroy());
  }

  #keep(socket: Socket): Socket {
    this.#sockets.add(socket);
    socket.setNoDelay(true);
    socket.on("error", () => {}); // the close follows
    socket.on("close", () => this.#sockets.delete(socket));
    return socket;
  }
}

/** Hands everything on some time later, and in order: timers of the same length fire in the order in which they were set. */
function delayed(delayMs: number): Transform {
  const timers = new Set<ReturnType<typeof setTimeout>>();
  const later = (run: () => void) => {
    const timer = setTimeout(() => {
      timers.delete(timer);
      run();
    }, delayMs);
    timers.add(timer);
  };
  return new Transform({
    transform(chunk, _encoding, done) {
      later(() => this.push(chunk));
      done();
    },
    flush: (done) => later(done),
    destroy(error, done) {
      timers.forEach(clearTimeout);
      done(error);
    },
  });
}

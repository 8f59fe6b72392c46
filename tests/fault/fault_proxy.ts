import { connect, createServer, type Server, type Socket } from "node:net";
import { type Breach, Way, type WayLimits } from "./way.ts";

/**
 * What can happen to a connection. `cut`: both ends see its end, wherever in a frame that is. `reset`: both see that it is broken.
 * `blackhole`: nothing gets through any more, and nobody is told. `half-open`: one end sees a reset, the other one is told nothing.
 */
export type Fault = "cut" | "reset" | "blackhole" | "half-open at the client" | "half-open at the server";

/** All of them. */
export const faults: readonly Fault[] = [
  "cut",
  "reset",
  "blackhole",
  "half-open at the client",
  "half-open at the server",
];

/** A fault that waits for a connection. */
export interface Trap {
  fault: Fault;
  /** In which direction bytes are counted. */
  from: "client" | "server";
  /** How many still get through, before the first or at the last of which it happens. */
  afterBytes: number;
}

/** A way to a server that can be long or narrow, and on which everything happens that happens to connections. */
export class FaultProxy implements AsyncDisposable {
  /** The port on 127.0.0.1 to forward new connections to. */
  target: number;
  readonly #listener: Server;
  readonly #limits: WayLimits;
  readonly #connections = new Set<Connection>();
  readonly #sockets = new Set<Socket>();
  readonly #traps: Trap[] = [];
  #isBlocked = false;

  private constructor(target: number, limits: WayLimits) {
    this.target = target;
    this.#limits = limits;
    // What one end has ended the other one may still go on with.
    this.#listener = createServer({ allowHalfOpen: true }, (socket) => this.#accept(socket));
  }

  /** Listens on 127.0.0.1, and forwards to this port there. */
  static async listen(target: number, limits: WayLimits = {}): Promise<FaultProxy> {
    const proxy = new FaultProxy(target, limits);
    await new Promise<void>((resolve) => proxy.#listener.listen(0, "127.0.0.1", resolve));
    return proxy;
  }

  get url(): string {
    return `ws://127.0.0.1:${(this.#listener.address() as { port: number }).port}`;
  }

  /** How many connections are forwarded. */
  get forwarded(): number {
    return this.#connections.size;
  }

  /** How many bytes have come in all, from the clients and from the server. */
  readonly received = { client: 0, server: 0 };

  /** Lets it happen to all connections of now, or to those that are hit. */
  inflict(fault: Fault, isHit: () => boolean = () => true): void {
    for (const connection of this.#connections) if (isHit()) connection.inflict(fault);
  }

  /** Lets it happen to one connection to come: to the next one, if no other trap waits for that. */
  lay(trap: Trap): void {
    this.#traps.push(trap);
  }

  /** Forwards nothing more. Connections stay open, those of now for ever; new ones get no answer. */
  block(): void {
    this.#isBlocked = true;
    this.inflict("blackhole");
  }

  /** Forwards new connections again. */
  unblock(): void {
    this.#isBlocked = false;
  }

  /** Drops what faults have left open, as the network does when it is whole again. */
  clear(): void {
    const forwarded = new Set([...this.#connections].flatMap(({ client, server }) => [client, server]));
    for (const socket of this.#sockets) if (!forwarded.has(socket)) socket.destroy();
  }

  /** Drops everything. */
  async [Symbol.asyncDispose](): Promise<void> {
    for (const socket of this.#sockets) socket.destroy();
    await new Promise<void>((resolve) => this.#listener.close(() => resolve()));
  }

  #accept(socket: Socket): void {
    this.#keep(socket);
    if (this.#isBlocked) return void socket.pause();
    const onward = this.#keep(connect({ port: this.target, host: "127.0.0.1", allowHalfOpen: true }));
    socket.on("data", ({ length }: Uint8Array) => this.received.client += length);
    onward.on("data", ({ length }: Uint8Array) => this.received.server += length);
    const over = () => this.#connections.delete(connection);
    const connection: Connection = new Connection(socket, onward, this.#limits, this.#traps.shift(), over);
    this.#connections.add(connection);
  }

  #keep(socket: Socket): Socket {
    this.#sockets.add(socket);
    socket.setNoDelay(true);
    socket.on("error", () => {}); // the close follows
    socket.on("close", () => this.#sockets.delete(socket));
    return socket;
  }
}

/** A connection that is forwarded. */
class Connection {
  readonly client: Socket;
  readonly server: Socket;
  readonly #ways: Way[];
  readonly #over: () => void;

  /** `over` is called when it is forwarded no more. */
  constructor(client: Socket, server: Socket, limits: WayLimits, trap: Trap | undefined, over: () => void) {
    this.client = client;
    this.server = server;
    this.#over = over;
    const breach = (from: Trap["from"]) => trap?.from === from ? this.#breach(trap) : undefined;
    this.#ways = [
      new Way(client, server, limits, breach("client")),
      new Way(server, client, limits, breach("server")),
    ];
    client.once("close", this.#closed(server));
    server.once("close", this.#closed(client));
  }

  inflict(fault: Fault): void {
    this.#sever();
    const { client, server } = this;
    if (fault === "cut") [client, server].forEach(end);
    if (fault === "reset" || fault === "half-open at the server") reset(client);
    if (fault === "reset" || fault === "half-open at the client") reset(server);
  }

  #breach({ fault, afterBytes }: Trap): Breach {
    return { afterBytes, broken: () => this.inflict(fault) };
  }

  /** One end has ended: what it has sent and ended in order is still on its way, and an error is not. */
  #closed(other: Socket): (hadError: boolean) => void {
    return (hadError) => {
      if (!hadError && !other.destroyed) return;
      this.#sever();
      if (hadError) reset(other);
    };
  }

  #sever(): void {
    for (const way of this.#ways) way.stop();
    this.#over();
  }
}

function end(socket: Socket): void {
  socket.resume().end();
}

function reset(socket: Socket): void {
  if (socket.connecting) socket.destroy();
  else socket.resetAndDestroy();
}

import { connect, createServer, type Server, type Socket } from "node:net";
import { type Breach, Way, type WayLimits } from "./way.ts";

/**
 * The faults of a connection. `cut`: both ends see its end, at any position within a frame. `reset`: both ends see a reset.
 * `blackhole`: nothing gets through any longer, and neither end is notified. `half-open`: one end sees a reset, the other is
 * not notified.
 */
export type Fault = "cut" | "reset" | "blackhole" | "half-open at the client" | "half-open at the server";

/** All faults. */
export const faults: readonly Fault[] = [
  "cut",
  "reset",
  "blackhole",
  "half-open at the client",
  "half-open at the server",
];

/** A fault that awaits a future connection. */
export interface Trap {
  fault: Fault;
  /** The direction in which bytes are counted. */
  from: "client" | "server";
  /** How many bytes still get through before the fault. 0: it happens when the first bytes arrive. */
  afterBytes: number;
}

/** A path to a server, with optional latency and bandwidth limits, that can inflict any connection fault. */
export class FaultProxy implements AsyncDisposable {
  /** The port on 127.0.0.1 that new connections are forwarded to. */
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
    // When one end has half-closed, the other may still continue.
    this.#listener = createServer({ allowHalfOpen: true }, (socket) => this.#accept(socket));
  }

  /** Listens on 127.0.0.1 and forwards to this port there. */
  static async listen(target: number, limits: WayLimits = {}): Promise<FaultProxy> {
    const proxy = new FaultProxy(target, limits);
    await new Promise<void>((resolve) => proxy.#listener.listen(0, "127.0.0.1", resolve));
    return proxy;
  }

  get url(): string {
    return `ws://127.0.0.1:${(this.#listener.address() as { port: number }).port}`;
  }

  /** How many connections are being forwarded. */
  get forwarded(): number {
    return this.#connections.size;
  }

  /** How many bytes have arrived in total, from the clients and from the server. */
  readonly received = { client: 0, server: 0 };

  /** Inflicts a fault on all current connections, or on those selected by `isHit`. */
  inflict(fault: Fault, isHit: () => boolean = () => true): void {
    for (const connection of this.#connections) if (isHit()) connection.inflict(fault);
  }

  /** Sets a trap for one future connection: the next one, unless earlier traps are still waiting. */
  lay(trap: Trap): void {
    this.#traps.push(trap);
  }

  /** Forwards nothing any longer. Connections stay open, existing ones stalled forever; new ones get no answer. */
  block(): void {
    this.#isBlocked = true;
    this.inflict("blackhole");
  }

  /** Forwards new connections again. */
  unblock(): void {
    this.#isBlocked = false;
  }

  /** Drops what faults have left open, as a network does once it has recovered. */
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
    socket.on("error", () => {}); // a close follows
    socket.on("close", () => this.#sockets.delete(socket));
    return socket;
  }
}

/** A forwarded connection. */
class Connection {
  readonly client: Socket;
  readonly server: Socket;
  readonly #ways: Way[];
  readonly #over: () => void;

  /** `over` is called when it is no longer forwarded. */
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

  /**
   * When one end closes: after a graceful end, its data and end are still in transit; after an error, nothing more is
   * forwarded.
   */
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

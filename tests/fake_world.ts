import { assertEquals } from "@std/assert";
import type { Environment } from "../src/environment.ts";
import { FIRST_ID, idBytes } from "../src/id.ts";
import type { ClientPoolOptions } from "../src/options/client_options.ts";
import type { ServerPoolOptions } from "../src/options/server_options.ts";
import { ClientPool } from "../src/pool/client_pool.ts";
import { ServerPool } from "../src/pool/server_pool.ts";
import type { Message, SocketHandler } from "../src/runtime/socket.ts";
import { type FakeListener, FakeNetwork } from "./fake_network.ts";
import { FakeRuntime, type FakeRuntimeOptions } from "./fake_runtime.ts";
import type { FakeSocket } from "./fake_socket.ts";
import { ManualClock } from "./fakes.ts";

/** How long a pool and its peers may take to shut down: the drain time for streams in use, and two seconds for closes. */
const END_MS = 7_000;

/** The pools' second parameter is not part of the public API, so their types do not declare it. */
type PoolConstructor<Pool, Options> = new (options: Options, environment: Environment) => Pool;
const HiddenClientPool = ClientPool as unknown as PoolConstructor<ClientPool, ClientPoolOptions>;
const HiddenServerPool = ServerPool as unknown as PoolConstructor<ServerPool, ServerPoolOptions>;

/** How a client that is not a pool dials. */
export interface FakeDialOptions extends FakeRuntimeOptions {
  headers?: Record<string, string>;
  signal?: AbortSignal;
}

/** A clock, a network and the pools on it. Disposing it closes them all and fails if anything is left open. */
export class FakeWorld implements AsyncDisposable {
  readonly clock = new ManualClock();
  readonly network = new FakeNetwork(this.clock);
  /** The source of randomness for the pools' jitter. */
  random: () => number = () => 0.5;
  readonly #pools: (ClientPool | ServerPool)[] = [];
  readonly #runtimes: FakeRuntime[] = [];
  readonly #servers: FakeServer[] = [];
  readonly #sockets: FakeSocket[] = [];

  /** A client pool, which speaks npws/1 unless the options say otherwise. */
  clientPool(options: ClientPoolOptions, runtime?: FakeRuntimeOptions): ClientPool {
    return this.#keep(new HiddenClientPool({ protocol: 1, ...options }, this.#environment(runtime)));
  }

  /** A server pool that is not started. */
  serverPool(options: ServerPoolOptions = {}, runtime?: FakeRuntimeOptions): ServerPool {
    return this.#keep(new HiddenServerPool({ protocol: 1, ...options }, this.#environment(runtime)));
  }

  /** A server pool that listens. */
  async startServerPool(options?: ServerPoolOptions, runtime?: FakeRuntimeOptions): Promise<ServerPool> {
    const pool = this.serverPool(options, runtime);
    await pool.start();
    return pool;
  }

  /** A server that is not a pool. */
  server(runtime?: FakeRuntimeOptions): FakeServer {
    const server = new FakeServer(this.#runtime(runtime));
    this.#servers.push(server);
    return server;
  }

  /** Dials as a client that is not a pool, and runs what is due until the answer has arrived. */
  async dial(pool: ServerPool | FakeServer, options: FakeDialOptions = {}): Promise<FakePeer> {
    const { headers = {}, signal = new AbortController().signal, ...runtime } = options;
    const dialer = this.#runtime(runtime).dialer({ url: urlOf(pool), headers });
    const dialed = dialer.dial(signal).finally(() => dialer.close());
    dialed.catch(() => {});
    await this.settle();
    const socket = await dialed;
    this.#sockets.push(socket);
    const peer = new FakePeer(socket);
    await this.settle();
    return peer;
  }

  /** Runs everything that is due now. */
  settle(): Promise<void> {
    return this.clock.advance(0);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const closed = Promise.all(this.#pools.map((pool) => pool.close()));
    for (const server of this.#servers) server.close();
    await this.clock.advance(END_MS);
    await closed;
    for (const socket of this.#sockets) socket.terminate();
    // A silenced peer would not notice the end.
    for (const { client, server } of this.network.cables) for (const end of [client, server]) end.speak();
    await this.clock.advance(END_MS);
    assertEquals(this.leaks(), { timers: 0, sockets: 0, listeners: 0, dialers: 0, links: 0, waiting: 0 });
  }

  /** Everything that is still open or waiting. */
  leaks() {
    const stats = this.#pools.map((pool) => pool.stats());
    return {
      timers: this.clock.pending,
      sockets: this.network.openSockets,
      listeners: this.network.listeners,
      dialers: this.#runtimes.reduce((sum, { openDialers }) => sum + openDialers, 0),
      links: stats.reduce((sum, { links }) => sum + links, 0),
      waiting: stats.reduce((sum, { waiting }) => sum + waiting, 0),
    };
  }

  #environment(options?: FakeRuntimeOptions): Environment {
    return { runtime: this.#runtime(options), clock: this.clock, random: () => this.random() };
  }

  #runtime(options?: FakeRuntimeOptions): FakeRuntime {
    const runtime = new FakeRuntime(this.network, options);
    this.#runtimes.push(runtime);
    return runtime;
  }

  #keep<Pool extends ClientPool | ServerPool>(pool: Pool): Pool {
    this.#pools.push(pool);
    return pool;
  }
}

/** The URL of a server of the world. */
export function urlOf(server: ServerPool | FakeServer): string {
  return `ws://127.0.0.1:${server instanceof FakeServer ? server.port : server.address.port}/`;
}

/** A server that is not a pool: it treats each client as the test requires. */
export class FakeServer {
  readonly port: number;
  /** The clients that it has accepted, in order. */
  readonly peers: FakePeer[] = [];
  /** Whether to upgrade a visit, counted from 0, or to answer 503. */
  accepts: (visit: number) => boolean = () => true;
  /** What to do with a newly accepted client. By default it sends the link's id, like a server of npws/1. */
  greet: (peer: FakePeer, index: number) => void = (peer, index) => peer.socket.send(idOf(index));
  readonly #runtime: FakeRuntime;
  #visits = 0;
  #listener: FakeListener;

  constructor(runtime: FakeRuntime) {
    this.#runtime = runtime;
    this.#listener = this.#listen(0);
    this.port = this.#listener.port;
  }

  /** Clients whose WebSockets are open. */
  get openPeers(): FakePeer[] {
    return this.peers.filter(({ socket }) => !socket.isGone);
  }

  /** Stops listening and drops all its WebSockets. */
  close(): void {
    this.#listener.close();
  }

  /** Restarts on the same port. */
  restart(): void {
    this.close();
    this.#listener = this.#listen(this.port);
  }

  #listen(port: number): FakeListener {
    return this.#runtime.network.listen(port, (_request, visit) => {
      if (!this.accepts(this.#visits++)) return new Response(null, { status: 503 });
      this.#runtime.accept(visit).then((opened) => this.#accept(opened), () => {});
    });
  }

  #accept(socket: FakeSocket): void {
    const peer = new FakePeer(socket);
    this.peers.push(peer);
    this.greet(peer, this.peers.length - 1);
  }
}

/** One end of a WebSocket that belongs to no pool, and what it has received. */
export class FakePeer implements SocketHandler {
  readonly socket: FakeSocket;
  readonly messages: Message[] = [];
  drains = 0;
  closedWith: { code: number; reason: string } | undefined;

  constructor(socket: FakeSocket) {
    this.socket = socket;
    socket.handler = this;
  }

  /** The link's id, which a server of npws/1 sends first. */
  get id(): string {
    return (this.messages[0] as Uint8Array).toHex();
  }

  /** All bytes received; from a server of npws/1, starting with the id. */
  get bytes(): number[] {
    return this.messages.flatMap((message) => [...(message as Uint8Array)]);
  }

  onMessage(message: Message): void {
    this.messages.push(message);
  }

  onDrain(): void {
    this.drains++;
  }

  onClose(code: number, reason: string): void {
    this.closedWith = { code, reason };
  }
}

/** The id of link number `index` of a server that counts its links. */
export function idOf(index: number): Uint8Array {
  return idBytes(index === 0 ? FIRST_ID : index.toString(16).padStart(8, "0"));
}

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

/** How long a pool and its peers may take to be gone: the time for streams in use, and two seconds for closes. */
const END_MS = 7_000;

/** The pools' second parameter is not for applications, so their types do not show it. */
type PoolConstructor<Pool, Options> = new (options: Options, environment: Environment) => Pool;
const HiddenClientPool = ClientPool as unknown as PoolConstructor<ClientPool, ClientPoolOptions>;
const HiddenServerPool = ServerPool as unknown as PoolConstructor<ServerPool, ServerPoolOptions>;

/** How a client that is no pool dials. */
export interface FakeDialOptions extends FakeRuntimeOptions {
  headers?: Record<string, string>;
  signal?: AbortSignal;
}

/** A clock, a network and the pools on it. Disposing of it closes them all and fails when anything is left. */
export class FakeWorld implements AsyncDisposable {
  readonly clock = new ManualClock();
  readonly network = new FakeNetwork(this.clock);
  /** What the pools' jitter is made of. */
  random: () => number = () => 0.5;
  readonly #pools: (ClientPool | ServerPool)[] = [];
  readonly #runtimes: FakeRuntime[] = [];
  readonly #servers: FakeServer[] = [];
  readonly #sockets: FakeSocket[] = [];

  /** A client pool, which speaks npws/1 where nothing else is said. */
  clientPool(options: ClientPoolOptions, runtime?: FakeRuntimeOptions): ClientPool {
    return this.#keep(new HiddenClientPool({ protocol: 1, ...options }, this.#environment(runtime)));
  }

  /** A server pool, not started. */
  serverPool(options: ServerPoolOptions = {}, runtime?: FakeRuntimeOptions): ServerPool {
    return this.#keep(new HiddenServerPool({ protocol: 1, ...options }, this.#environment(runtime)));
  }

  /** A server pool that listens. */
  async startServerPool(options?: ServerPoolOptions, runtime?: FakeRuntimeOptions): Promise<ServerPool> {
    const pool = this.serverPool(options, runtime);
    await pool.start();
    return pool;
  }

  /** A server that is no pool. */
  server(runtime?: FakeRuntimeOptions): FakeServer {
    const server = new FakeServer(this.#runtime(runtime));
    this.#servers.push(server);
    return server;
  }

  /** Dials as a client that is no pool, and moves the clock until it is answered. */
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

  /** Lets everything happen that is due now. */
  settle(): Promise<void> {
    return this.clock.advance(0);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const closed = Promise.all(this.#pools.map((pool) => pool.close()));
    for (const server of this.#servers) server.close();
    await this.clock.advance(END_MS);
    await closed;
    for (const socket of this.#sockets) socket.terminate();
    // A peer that was silent is not told of the end.
    for (const { client, server } of this.network.cables) for (const end of [client, server]) end.speak();
    await this.clock.advance(END_MS);
    assertEquals(this.leaks(), { timers: 0, sockets: 0, listeners: 0, dialers: 0, links: 0, waiting: 0 });
  }

  /** What is open or waits. */
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

/** A server that is no pool: it does to each client what the test wants. */
export class FakeServer {
  readonly port: number;
  /** What it is told of each client that it has accepted, in their order. */
  readonly peers: FakePeer[] = [];
  /** Whether it opens a WebSocket to who comes, counted from 0, or answers 503. */
  accepts: (visit: number) => boolean = () => true;
  /** What it does to a client that has just come. By default it names the link, as a server of npws/1. */
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

  /** Ends with everything it has. */
  close(): void {
    this.#listener.close();
  }

  /** Comes up again. */
  restart(): void {
    this.close();
    this.#listener = this.#listen(this.port);
  }

  #listen(port: number): FakeListener {
    return this.#runtime.network.listen(port, (request, visit) => {
      if (!this.accepts(this.#visits++)) return new Response(null, { status: 503 });
      const { response, socket } = this.#runtime.upgrade(request, visit);
      socket.then((opened) => this.#accept(opened), () => {});
      return response;
    });
  }

  #accept(socket: FakeSocket): void {
    const peer = new FakePeer(socket);
    this.peers.push(peer);
    this.greet(peer, this.peers.length - 1);
  }
}

/** One end of a WebSocket that belongs to no pool, and what came in at it. */
export class FakePeer implements SocketHandler {
  readonly socket: FakeSocket;
  readonly messages: Message[] = [];
  drains = 0;
  closedWith: { code: number; reason: string } | undefined;

  constructor(socket: FakeSocket) {
    this.socket = socket;
    socket.handler = this;
  }

  /** The link's id, which a server of npws/1 says first. */
  get id(): string {
    return (this.messages[0] as Uint8Array).toHex();
  }

  /** All bytes that came, the id's of a server of npws/1 first. */
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

/** The id of the link number `index` of a server that counts. */
export function idOf(index: number): Uint8Array {
  return idBytes(index === 0 ? FIRST_ID : index.toString(16).padStart(8, "0"));
}

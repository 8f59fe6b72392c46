import { ClientPool, ServerPool } from "@npws/pool";
import type { Ends } from "./bench_case.ts";
import { answer, ask, type Pipe, type PipeKind, PoolPipe, receiveAll, receiveMeasured, sendAll } from "./pipe.ts";
import { raw, RawPipe } from "./raw.ts";
import type { Role } from "./remote.ts";
import { dialTcp, serveTcp, TcpPipe } from "./tcp.ts";

/** How many pool connections are open, for measurements over several at once. */
const CONNECTIONS = 8;

/** The addresses of a server's pipes. */
export interface PipeAddresses {
  readonly pool: string;
  readonly raw: string;
  readonly tcp: number;
}

/** The operations of either end on its pipes. */
export class PipeEnd {
  protected readonly pipes: Partial<Record<PipeKind, Pipe>> = {};
  /** Connections of the pool; the first one is the "pool" pipe. */
  protected connections: Pipe[] = [];

  send(kind: PipeKind, byteLength: number, chunkBytes: number): Promise<number> {
    return sendAll(this.#pipe(kind), byteLength, chunkBytes);
  }

  receive(kind: PipeKind, byteLength: number): Promise<void> {
    return receiveAll(this.#pipe(kind), byteLength);
  }

  /** Receives bytes, and returns the rate once `afterMs` have passed, in MB/s. */
  receiveMeasured(kind: PipeKind, byteLength: number, chunkBytes: number, afterMs: number): Promise<number> {
    return receiveMeasured(this.#pipe(kind), byteLength, chunkBytes, afterMs);
  }

  /** Sends on every connection at once, and returns how long the slowest took, in milliseconds. */
  async sendOnAll(byteLength: number, chunkBytes: number): Promise<number> {
    return Math.max(...await Promise.all(this.connections.map((pipe) => sendAll(pipe, byteLength, chunkBytes))));
  }

  async receiveOnAll(byteLength: number): Promise<void> {
    await Promise.all(this.connections.map((pipe) => receiveAll(pipe, byteLength)));
  }

  ask(kind: PipeKind, times: number, byteLength: number): Promise<number> {
    return ask(this.#pipe(kind), times, byteLength);
  }

  answer(kind: PipeKind, times: number, byteLength: number): Promise<void> {
    return answer(this.#pipe(kind), times, byteLength);
  }

  #pipe(kind: PipeKind): Pipe {
    const pipe = this.pipes[kind];
    if (!pipe) throw new Error(`Cannot use the ${kind} pipe: it is not open`);
    return pipe;
  }
}

/** The server's ends: of a raw WebSocket, of a TCP connection and of the pool's connections. */
export class ServerPipeEnd extends PipeEnd {
  readonly #pool: ServerPool;

  constructor(protocol: 1 | 2 = 1) {
    super();
    this.#pool = new ServerPool({ hostname: "127.0.0.1", protocol });
  }

  async listen(): Promise<PipeAddresses> {
    await this.#pool.start();
    const port = await raw.serve((socket) => {
      socket.send(new Uint8Array(4));
      this.pipes.raw = new RawPipe(socket);
    });
    const tcp = await serveTcp((socket) => this.pipes.tcp = new TcpPipe(socket));
    return { raw: `ws://127.0.0.1:${port}`, pool: `ws://127.0.0.1:${this.#pool.address.port}`, tcp };
  }

  async fetch(ids: readonly string[]): Promise<void> {
    this.connections = await Promise.all(ids.map(async (id) => new PoolPipe(await this.#pool.outgoingGet(id))));
    this.pipes.pool = this.connections[0];
  }
}

/** The client's ends. */
export class ClientPipeEnd extends PipeEnd {
  readonly #protocol: 1 | 2;

  constructor(protocol: 1 | 2 = 1) {
    super();
    this.#protocol = protocol;
  }

  /** Opens all pipes, and returns the ids of the pool connections, which the server has to fetch. */
  async connect(addresses: PipeAddresses): Promise<string[]> {
    this.pipes.raw = new RawPipe(await raw.dial(addresses.raw));
    this.pipes.tcp = new TcpPipe(await dialTcp(addresses.tcp));
    const pool = new ClientPool({ url: addresses.pool, protocol: this.#protocol, minCapacity: CONNECTIONS });
    await pool.start();
    const connections = await Promise.all(Array.from({ length: CONNECTIONS }, () => pool.incomingGet()));
    this.connections = connections.map((connection) => new PoolPipe(connection));
    this.pipes.pool = this.connections[0];
    return connections.map(({ id }) => id);
  }
}

/** The server's end on npws/2. */
export class ServerPipeEnd2 extends ServerPipeEnd {
  constructor() {
    super(2);
  }
}

/** The client's end on npws/2. */
export class ClientPipeEnd2 extends ClientPipeEnd {
  constructor() {
    super(2);
  }
}

/** Both ends. */
export type PipeEnds = Ends<ServerPipeEnd, ClientPipeEnd>;

/** Opens the pipes between the two ends. The pool's pipes use the URL that `detour` returns for the server's URL. */
export async function openPipes(
  { server, client }: PipeEnds,
  detour?: (url: string) => Promise<string>,
): Promise<void> {
  const addresses = await server.call("listen");
  const pool = await detour?.(addresses.pool) ?? addresses.pool;
  await server.call("fetch", await client.call("connect", { ...addresses, pool }));
}

/** The client's round-trip time with `byteLength` bytes each way, in microseconds. */
export async function roundTripUs(
  { server, client }: PipeEnds,
  kind: PipeKind,
  byteLength: number,
  times: number,
): Promise<number> {
  const [ms] = await Promise.all([
    client.call("ask", kind, times, byteLength),
    server.call("answer", kind, times, byteLength),
  ]);
  return ms * 1_000;
}

/** The rate at which `byteLength` bytes travel from one end to the other, in MB/s. */
export async function mbPerSecond(
  ends: Ends<PipeEnd, PipeEnd>,
  kind: PipeKind,
  sender: Role,
  byteLength: number,
  chunkBytes: number,
): Promise<number> {
  const [ms] = await Promise.all([
    ends[sender].call("send", kind, byteLength, chunkBytes),
    ends[otherRole(sender)].call("receive", kind, byteLength),
  ]);
  return byteLength / ms / 1_000;
}

/** The same over all connections at once, `byteLength` bytes on each. */
export async function mbPerSecondOnAll(
  ends: Ends<PipeEnd, PipeEnd>,
  sender: Role,
  byteLength: number,
  chunkBytes: number,
): Promise<number> {
  const [ms] = await Promise.all([
    ends[sender].call("sendOnAll", byteLength, chunkBytes),
    ends[otherRole(sender)].call("receiveOnAll", byteLength),
  ]);
  return CONNECTIONS * byteLength / ms / 1_000;
}

/** The rate at which bytes arrive over the pool once `afterMs` have passed, in MB/s. */
export async function mbPerSecondAfter(
  afterMs: number,
  ends: Ends<PipeEnd, PipeEnd>,
  sender: Role,
  byteLength: number,
  chunkBytes: number,
): Promise<number> {
  const [rate] = await Promise.all([
    ends[otherRole(sender)].call("receiveMeasured", "pool", byteLength, chunkBytes, afterMs),
    ends[sender].call("send", "pool", byteLength, chunkBytes),
  ]);
  return rate;
}

/** The role of the other end. */
export function otherRole(role: Role): Role {
  return role === "client" ? "server" : "client";
}

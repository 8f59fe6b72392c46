import { ClientPool, ServerPool } from "@npws/pool";
import type { Ends } from "./bench_case.ts";
import { answer, ask, type Pipe, type PipeKind, PoolPipe, receiveAll, sendAll } from "./pipe.ts";
import { raw, RawPipe } from "./raw.ts";

/** What either end does with its two pipes. */
export class PipeEnd {
  protected readonly pipes: Partial<Record<PipeKind, Pipe>> = {};

  send(kind: PipeKind, byteLength: number, chunkBytes: number): Promise<number> {
    return sendAll(this.#pipe(kind), byteLength, chunkBytes);
  }

  receive(kind: PipeKind, byteLength: number): Promise<void> {
    return receiveAll(this.#pipe(kind), byteLength);
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

/** The server's ends of a raw WebSocket and of a connection. */
export class ServerPipeEnd extends PipeEnd {
  readonly #pool: ServerPool;

  constructor(protocol: 1 | 2 = 1) {
    super();
    this.#pool = new ServerPool({ hostname: "127.0.0.1", protocol });
  }

  /** Returns the URLs of both servers. */
  async listen(): Promise<Record<PipeKind, string>> {
    await this.#pool.start();
    const port = await raw.serve((socket) => {
      socket.send(new Uint8Array(4));
      this.pipes.raw = new RawPipe(socket);
    });
    return { raw: `ws://127.0.0.1:${port}`, pool: `ws://127.0.0.1:${this.#pool.address.port}` };
  }

  async fetch(id: string): Promise<void> {
    this.pipes.pool = new PoolPipe(await this.#pool.outgoingGet(id));
  }
}

/** The client's ends. */
export class ClientPipeEnd extends PipeEnd {
  readonly #protocol: 1 | 2;

  constructor(protocol: 1 | 2 = 1) {
    super();
    this.#protocol = protocol;
  }

  /** Opens both, and returns the id of the connection, which the server has to fetch. */
  async connect(urls: Record<PipeKind, string>): Promise<string> {
    this.pipes.raw = new RawPipe(await raw.dial(urls.raw));
    const pool = new ClientPool({ url: urls.pool, protocol: this.#protocol });
    await pool.start();
    const connection = await pool.incomingGet();
    this.pipes.pool = new PoolPipe(connection);
    return connection.id;
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

/** The two of them. */
export type PipeEnds = Ends<ServerPipeEnd, ClientPipeEnd>;

/** Opens a raw WebSocket and a connection between the two ends. */
export async function openPipes({ server, client }: PipeEnds): Promise<void> {
  const urls = await server.call("listen");
  await server.call("fetch", await client.call("connect", urls));
}

/** The client's round trip of as many bytes each way, in microseconds. */
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

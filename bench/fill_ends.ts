import { ServerPool } from "@npws/pool";
import { type FilledPool, type FillKind, fillPool, fillRaw } from "./fill.ts";
import { raw } from "./raw.ts";
import type { RawSocket } from "./raw_socket.ts";

/** More idle links than any case opens. */
const MAX_LINKS = 100_000;

/** The server for many idle links, pooled or raw. */
export class FillServer {
  protected readonly pool: ServerPool;
  readonly #sockets = new Set<RawSocket>();

  constructor(protocol: 1 | 2 = 1) {
    this.pool = new ServerPool({ hostname: "127.0.0.1", protocol, maxCapacity: MAX_LINKS });
  }

  /** Returns the URLs of both servers. */
  async listen(): Promise<Record<FillKind, string>> {
    await this.pool.start();
    const port = await raw.serve((socket) => {
      this.#sockets.add(socket);
      socket.send(new Uint8Array(4));
    });
    return { raw: `ws://127.0.0.1:${port}`, pool: `ws://127.0.0.1:${this.pool.address.port}` };
  }

  /** Forgets the raw sockets, which the client has closed. */
  drop(): void {
    this.#sockets.clear();
  }
}

/** The client with many idle links. */
export class FillClient {
  protected urls!: Record<FillKind, string>;
  protected readonly pools: FilledPool[] = [];
  readonly #protocol: 1 | 2;
  readonly #sockets: RawSocket[] = [];

  constructor(protocol: 1 | 2 = 1) {
    this.#protocol = protocol;
  }

  connectTo(urls: Record<FillKind, string>): void {
    this.urls = urls;
  }

  /** Opens idle links and keeps them. Returns the duration in milliseconds. */
  async fill(kind: FillKind, count: number): Promise<number> {
    const startedAt = performance.now();
    if (kind === "pool") this.pools.push(await fillPool(this.urls.pool, count, this.#protocol));
    else this.#sockets.push(...await fillRaw(this.urls.raw, count));
    return performance.now() - startedAt;
  }

  /** Closes all links and waits, so that the next measurement has the machine to itself. */
  async drop(): Promise<void> {
    await Promise.all(this.#sockets.splice(0).map((socket) => socket.close()));
    await Promise.all(this.pools.splice(0).map(({ pool }) => pool.close({ drainMs: 0 })));
  }
}

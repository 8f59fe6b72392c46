import { setTimeout } from "node:timers/promises";
import { ClientPool, type PoolConnection, ServerPool } from "@npws/pool";
import { benchCase, type Ends } from "../bench_case.ts";
import { fillRaw } from "../fill.ts";
import { raw } from "../raw.ts";

const CALLERS = 500;
const HOLD_MS = 50;
const MIN_CAPACITY = 8;
const MAX_CAPACITY = 512;

interface Addresses {
  readonly pool: string;
  readonly raw: string;
}

class BurstServer {
  readonly #pool = new ServerPool({ hostname: "127.0.0.1", maxCapacity: MAX_CAPACITY });

  async listen(): Promise<Addresses> {
    await this.#pool.start();
    const port = await raw.serve((socket) => socket.send(new Uint8Array(4)));
    return { pool: `ws://127.0.0.1:${this.#pool.address.port}`, raw: `ws://127.0.0.1:${port}` };
  }

  /** How long it takes until `callers` callers have each had a connection and held it briefly, in milliseconds. */
  async burst(callers: number): Promise<number> {
    const startedAt = performance.now();
    await Promise.all(Array.from({ length: callers }, async () => {
      const connection = await this.#pool.open();
      await setTimeout(HOLD_MS);
      await connection.close();
    }));
    return performance.now() - startedAt;
  }
}

class BurstClient {
  #addresses!: Addresses;
  #pool!: ClientPool;

  connectTo(addresses: Addresses): void {
    this.#addresses = addresses;
  }

  /** Opens a pool and waits until it has its minimum number of links. */
  async open(): Promise<void> {
    const filled = Promise.withResolvers<void>();
    this.#pool = new ClientPool({ url: this.#addresses.pool, minCapacity: MIN_CAPACITY, maxCapacity: MAX_CAPACITY });
    this.#pool.addEventListener("linkopen", () => {
      if (this.#pool.stats().links === MIN_CAPACITY) filled.resolve();
    });
    await this.#pool.start();
    await filled.promise;
    this.#serve();
  }

  async close(): Promise<void> {
    await this.#pool.close({ drainMs: 0 });
  }

  /** How long it takes to dial `count` raw WebSockets, in milliseconds. */
  async dial(count: number): Promise<number> {
    const startedAt = performance.now();
    const sockets = await fillRaw(this.#addresses.raw, count);
    const ms = performance.now() - startedAt;
    await Promise.all(sockets.map((socket) => socket.close()));
    return ms;
  }

  async #serve(): Promise<void> {
    for await (const connection of this.#pool.accepted()) endWithPeer(connection);
  }
}

async function endWithPeer(connection: PoolConnection): Promise<void> {
  await connection.readable.pipeTo(new WritableStream());
  await connection.close();
}

/** Many simultaneous callers at a server whose client keeps few links: they are served as fast as the client can dial. */
export const burst = benchCase({
  name: "burst",
  about:
    "Many callers of `open()` at once at a server whose client keeps 8 links: they are served as fast as the client can dial, without waiting for an interval.",
  server: BurstServer,
  client: BurstClient,
  async open({ server, client }: Ends<BurstServer, BurstClient>) {
    await client.call("connectTo", await server.call("listen"));
  },
  figures: [{
    name: `${CALLERS} callers at once, each holds ${HOLD_MS} ms, capacity ${MIN_CAPACITY} to ${MAX_CAPACITY}`,
    unit: "ms",
    target: { is: "at most", limit: 600 },
    async ours({ server, client }) {
      await client.call("open");
      const ms = await server.call("burst", CALLERS);
      await client.call("close");
      return ms;
    },
    baselines: [{
      name: `dialing ${CALLERS} raw WebSockets`,
      measure: ({ client }) => client.call("dial", CALLERS),
    }],
  }],
});

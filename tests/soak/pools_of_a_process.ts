import type { ClientPoolOptions, Pool } from "@npws/pool";
import { clientPool, serverPool } from "../contract/pools.ts";

/** The pools of a process: a server, and two clients of the other process's server, one of which speaks only npws/1. */
export type PoolName = "server" | "client" | "plainClient";

/** The names of all pools. */
export const poolNames: readonly PoolName[] = ["server", "client", "plainClient"];

/** How many idle links each client keeps. */
export const linkCounts = { client: 6, plainClient: 3 };

/** How long a closing pool lets its streams finish, in milliseconds. */
const DRAIN_MS = 300;

/** The silence that ends an npws/2 link, in milliseconds: longer than a process is stopped. */
const heartbeat = { keepAliveMs: 1_000, heartbeatTimeoutMs: 1_000 };

/** The pools of one process. Each may be closed and created again while others use it. */
export class PoolsOfAProcess {
  readonly #made: (pool: Pool, name: PoolName) => void;
  readonly #pools = new Map<PoolName, Pool>();
  #port = 0;
  #url = "";
  /** The clients of closed servers that may have left in the middle of their upgrade. */
  #leftInUpgrade = 0;

  /** `made` is called with each newly started pool. */
  constructor(made: (pool: Pool, name: PoolName) => void) {
    this.#made = made;
  }

  get(name: PoolName): Pool {
    return this.#pools.get(name)!;
  }

  /** Clients that may have left in the middle of their upgrade: those whose links never opened. */
  get leftInUpgrade(): number {
    const { dialFailures, dialing } = this.get("server").stats();
    return this.#leftInUpgrade + dialFailures + dialing;
  }

  /** Starts the server. Resolves with its port. */
  async listen(): Promise<number> {
    await this.#make("server");
    return this.#port;
  }

  /** Starts the clients, which may have to wait for their server. */
  async dial(url: string): Promise<void> {
    this.#url = url;
    await Promise.all([this.#make("client"), this.#make("plainClient")]);
  }

  /** Closes a pool and creates it again. */
  async renew(name: PoolName): Promise<void> {
    await this.get(name).close({ drainMs: DRAIN_MS });
    if (name === "server") this.#leftInUpgrade = this.leftInUpgrade;
    await this.#make(name);
  }

  async close(): Promise<void> {
    await Promise.all(Array.from(this.#pools.values(), (pool) => pool.close({ drainMs: DRAIN_MS })));
  }

  async #make(name: PoolName): Promise<void> {
    if (name === "server") {
      const server = serverPool({ port: this.#port, ...heartbeat });
      await server.start();
      this.#port = server.address.port;
      this.#pools.set(name, server);
    } else {
      const client = clientPool({ url: this.#url, ...this.#clientOptions(name) });
      client.start();
      this.#pools.set(name, client);
    }
    this.#made(this.get(name), name);
  }

  #clientOptions(name: "client" | "plainClient"): Partial<ClientPoolOptions> {
    const size = { minCapacity: linkCounts[name], maxCapacity: linkCounts[name] };
    const impatience = { dialTimeoutMs: 1_000, maxBackoffMs: 300 };
    // Short lifetimes, so that links retire as well.
    const lives = { maxLinkAgeMs: 5_000, maxStreamsPerLink: 100 };
    return { ...size, ...impatience, ...lives, ...heartbeat, protocol: name === "plainClient" ? 1 : "auto" };
  }
}

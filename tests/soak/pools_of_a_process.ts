import type { ClientPoolOptions, Pool } from "@npws/pool";
import { clientPool, serverPool } from "../contract/pools.ts";

/** The pools of a process: a server, and two clients of the other process's server, one of which speaks npws/1 only. */
export type PoolName = "server" | "client" | "plainClient";

/** All of them. */
export const poolNames: readonly PoolName[] = ["server", "client", "plainClient"];

/** How many links each client keeps. */
export const linkCounts = { client: 6, plainClient: 3 };

/** How long a pool lets its streams end, in milliseconds. */
const DRAIN_MS = 300;

/** Silence that ends a link of npws/2, in milliseconds: longer than a process is stopped. */
const heartbeat = { keepAliveMs: 1_000, heartbeatTimeoutMs: 1_000 };

/** The pools of one process. Each may be closed and made anew while others use it. */
export class PoolsOfAProcess {
  readonly #made: (pool: Pool, name: PoolName) => void;
  readonly #pools = new Map<PoolName, Pool>();
  #port = 0;
  #url = "";
  /** The same of servers that are closed. */
  #leftInUpgrade = 0;

  /** `made` is called with each pool that has been started. */
  constructor(made: (pool: Pool, name: PoolName) => void) {
    this.#made = made;
  }

  get(name: PoolName): Pool {
    return this.#pools.get(name)!;
  }

  /** Clients that may have left in the middle of their upgrade: those whose links did not come to be open. */
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

  /** Closes a pool, and makes the same again. */
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
    // Short lives, so that links retire as well.
    const lives = { maxLinkAgeMs: 5_000, maxStreamsPerLink: 100 };
    return { ...size, ...impatience, ...lives, ...heartbeat, protocol: name === "plainClient" ? 1 : "auto" };
  }
}

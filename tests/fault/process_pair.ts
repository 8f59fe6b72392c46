import type { ClientPoolOptions, ServerPoolOptions } from "@npws/pool";
import { eventually } from "../contract/eventually.ts";
import type { RuntimeName } from "../../scripts/runtime_path.ts";
import { RemoteActor } from "../remote_actor.ts";
import { within } from "./within.ts";
import { leave } from "./leave.ts";
import { FaultProxy } from "./fault_proxy.ts";
import type { Outcome } from "./transfer.ts";
import type { TrafficActor } from "./traffic_actor.ts";
import type { WayLimits } from "./way.ts";

/** A pool in a separate process. */
export type RemoteTraffic = RemoteActor<TrafficActor>;

/** One of the two pools. */
export type PoolSide = "client" | "server";

/** Both sides. */
export const sides: readonly PoolSide[] = ["client", "server"];

/** How many idle links the client keeps. */
export const LINKS = 8;

/** How long a pool may take to be full again after a fault has ended, in milliseconds. */
export const FULL_AGAIN_MS = 5_000;

/** The silence that ends a link, in milliseconds: longer than a busy machine delays a process. */
export const heartbeat = { keepAliveMs: 400, heartbeatTimeoutMs: 600 };

/**
 * How long a broken link may go unnoticed, in milliseconds: the heartbeat's times and the interval between two checks, doubled
 * for a busy machine.
 */
export const NOTICED_MS = 2 * (heartbeat.keepAliveMs + heartbeat.heartbeatTimeoutMs + heartbeat.keepAliveMs / 4);

/** How the two processes are started. */
export interface ProcessPairOptions {
  client: RuntimeName;
  server: RuntimeName;
  way?: WayLimits;
  clientOptions?: Partial<ClientPoolOptions>;
  serverOptions?: ServerPoolOptions;
  /** How many times faster the server pool's clock runs. @default 1 */
  hurry?: number;
}

/** A client pool and a server pool in separate processes, and the path between them. Disposing it kills both. */
export class ProcessPair implements AsyncDisposable {
  readonly proxy: FaultProxy;
  readonly #options: ProcessPairOptions;
  readonly #processes: Record<PoolSide, RemoteTraffic>;
  /** How many sockets each process had open before it had a pool. */
  readonly #socketsBefore = { client: 0, server: 0 };

  private constructor(options: ProcessPairOptions, proxy: FaultProxy, processes: Record<PoolSide, RemoteTraffic>) {
    this.#options = options;
    this.proxy = proxy;
    this.#processes = processes;
  }

  /** Starts both; on return all links are idle. */
  static async start(options: ProcessPairOptions): Promise<ProcessPair> {
    const processes = { client: startProcess(options.client), server: startProcess(options.server) };
    const pair = new ProcessPair(options, await FaultProxy.listen(0, options.way), processes);
    await pair.#serve();
    await pair.#dial();
    await pair.full();
    return pair;
  }

  get client(): RemoteTraffic {
    return this.#processes.client;
  }

  get server(): RemoteTraffic {
    return this.#processes.server;
  }

  /** Both processes. */
  get both(): RemoteTraffic[] {
    return [this.client, this.server];
  }

  /** Kills a process and starts another in its place; a server keeps its port. */
  async replace(side: PoolSide): Promise<void> {
    await this.#processes[side][Symbol.asyncDispose]();
    await this.startAgain(side);
  }

  /** Starts another process in place of one that has ended. */
  async startAgain(side: PoolSide): Promise<void> {
    this.#processes[side] = startProcess(this.#options[side]);
    await (side === "client" ? this.#dial() : this.#serve());
  }

  /** Resolves when both pools are full of the same links and have no others. Rejects if that takes too long. */
  async full(): Promise<void> {
    await within(FULL_AGAIN_MS, "both pools are full", eventually(() => this.#isFull()));
  }

  /**
   * Resolves with the outcomes of all transfers, once none is in progress in either process. Rejects if that takes too long.
   */
  async settled(withinMs: number): Promise<Outcome[]> {
    const settled = Promise.all(this.both.map((process) => process.call("untilSettled")));
    await within(withinMs, "all streams have ended at both sides", settled);
    const outcomes = await Promise.all(this.both.map((process) => process.call("outcomes")));
    return outcomes.flat();
  }

  /** Closes both pools. Resolves when both processes have exited, and rejects if something keeps one of them running. */
  async leave(): Promise<void> {
    for (const process of this.both) await process.call("close", 0);
    for (const side of sides) await leave(this.#processes[side], this.#options[side], this.#socketsBefore[side]);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all([...this.both, this.proxy].map((one) => one[Symbol.asyncDispose]()));
  }

  async #isFull(): Promise<boolean> {
    const [client, server] = await Promise.all(this.both.map((process) => process.call("stats")));
    const links = client.idle;
    return links >= LINKS && [client.links, server.idle, server.links].every((count) => count === links);
  }

  /** Serves on the previous port, if there was one. */
  async #serve(): Promise<void> {
    const { serverOptions, hurry = 1 } = this.#options;
    this.#socketsBefore.server = await this.server.call("sockets");
    const options = { port: this.proxy.target, ...heartbeat, ...serverOptions };
    this.proxy.target = await this.server.call("serve", options, hurry);
    await this.server.call("acceptTransfers");
  }

  async #dial(): Promise<void> {
    this.#socketsBefore.client = await this.client.call("sockets");
    const { clientOptions } = this.#options;
    const size = { minCapacity: LINKS, maxCapacity: LINKS };
    const impatience = { dialTimeoutMs: 1_000, maxBackoffMs: 200 };
    await this.client.call("dial", { url: this.proxy.url, ...size, ...impatience, ...heartbeat, ...clientOptions });
    await this.client.call("acceptTransfers");
  }
}

function startProcess(runtime: RuntimeName): RemoteTraffic {
  return new RemoteActor(runtime, new URL("./traffic_peer.ts", import.meta.url));
}

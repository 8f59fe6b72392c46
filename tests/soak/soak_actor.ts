import type { Pool, PoolConnection, PoolStats } from "@npws/pool";
import { type Census, takeCensus } from "../census.ts";
import { eventually } from "../contract/eventually.ts";
import { Ledger, planOf } from "../fault/ledger.ts";
import type { Outcome } from "../fault/transfer.ts";
import { countSockets } from "../leaks.ts";
import { Errands, type ErrandsPlan, type ErrandsReport, isExpected, type Message } from "./errands.ts";
import { type PoolName, poolNames, PoolsOfAProcess } from "./pools_of_a_process.ts";

/** How long to wait for a link whose id was announced, in milliseconds. */
const FETCH_MS = 3_000;

/** A process of the soak: its pools, its own errands, and its part of the other process's errands. */
export class SoakActor {
  readonly #ledger = new Ledger();
  readonly #pools = new PoolsOfAProcess((pool, name) => name !== "plainClient" && this.#acceptAll(pool));
  #errands: Errands | undefined;

  /** Starts the server. Returns its port. */
  listen(): Promise<number> {
    return this.#pools.listen();
  }

  /** Starts the clients. */
  dial(url: string): Promise<void> {
    return this.#pools.dial(url);
  }

  /** Starts running errands. */
  run(plan: ErrandsPlan): void {
    this.#errands = new Errands(this.#pools, this.#ledger, plan);
  }

  /** Closes a pool and creates it again while errands are running. */
  renew(name: PoolName): Promise<void> {
    return this.#pools.renew(name);
  }

  flush(name: PoolName): Promise<void> {
    return this.#pools.get(name).flush();
  }

  /** The outcomes of the streams that have ended since the last call. */
  outcomes(): Outcome[] {
    return this.#ledger.take();
  }

  report(): ErrandsReport {
    return this.#errands!.report;
  }

  /** Ends its own errands, and waits for those of the other side. */
  async rest(): Promise<void> {
    await this.#errands!.stop();
    await eventually(() => this.#ledger.running === 0);
  }

  /** Descriptions of the stream ends that are still open. */
  unfinished(): string[] {
    return this.#ledger.describe();
  }

  stats(): Record<PoolName, PoolStats> {
    const stats = poolNames.map((name) => [name, this.#pools.get(name).stats()]);
    return Object.fromEntries(stats) as Record<PoolName, PoolStats>;
  }

  census(): Promise<Census> {
    return takeCensus();
  }

  /** How many sockets are open. */
  sockets(): number {
    return countSockets();
  }

  /** Clients that may have left in the middle of their upgrade. */
  leftInUpgrade(): number {
    return this.#pools.leftInUpgrade;
  }

  close(): Promise<void> {
    return this.#pools.close();
  }

  async #acceptAll(pool: Pool): Promise<void> {
    for await (const connection of pool.accepted()) this.#accept(connection);
  }

  async #accept(connection: PoolConnection): Promise<void> {
    const { plan, fetch } = planOf<Message>(connection);
    if (!fetch) return void this.#ledger.run(connection, plan, "acceptor");
    try {
      const fetched = await this.#pools.get(fetch.from).outgoingGet(fetch.id, { timeoutMs: FETCH_MS });
      this.#ledger.run(fetched, plan, "acceptor");
      const writer = connection.writable.getWriter();
      await writer.write(Uint8Array.of(1));
      await writer.close();
      await new Response(connection.readable).arrayBuffer();
    } catch (error) {
      connection.abort("not fetched"); // the other side then gives it up
      if (!isExpected(error)) throw error; // an unexpected error ends the process
    }
  }
}

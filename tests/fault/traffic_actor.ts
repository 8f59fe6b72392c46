import type { GetOptions } from "@npws/pool";
import { type Census, takeCensus } from "../census.ts";
import { eventually } from "../contract/eventually.ts";
import { PoolActor } from "../contract/npws2_actor.ts";
import { countSockets } from "../leaks.ts";
import { Ledger, planBytes, planOf } from "./ledger.ts";
import { Load, type LoadPlan, type LoadReport } from "./load.ts";
import type { Outcome, TransferPlan } from "./transfer.ts";

/** A pool whose streams carry what both ends know, byte by byte. */
export class TrafficActor extends PoolActor {
  readonly #ledger = new Ledger();
  #load: Load | undefined;

  /** Does its part of each stream that the other side opens, from now on. */
  acceptTransfers(): void {
    this.eachAccepted((connection) => this.#ledger.run(connection, planOf<TransferPlan>(connection), "acceptor"));
  }

  /** Opens a stream for each plan. Resolves when they are open, and goes on with them. */
  async openTransfers(plans: TransferPlan[], options: Pick<GetOptions, "timeoutMs" | "early"> = {}): Promise<void> {
    await Promise.all(plans.map(async (plan) => {
      const connection = await this.pool.open({ ...options, metadata: planBytes(plan) });
      this.#ledger.run(connection, plan, "opener");
    }));
  }

  /** Resolves when every transfer without an end has received so many bytes. */
  untilReceived(bytes: number): Promise<void> {
    return eventually(() => this.#ledger.leastReceived >= bytes);
  }

  /** Closes all idle links. */
  flush(): Promise<void> {
    return this.pool.flush();
  }

  /** Gives up all transfers that are running. */
  abortTransfers(): void {
    this.#ledger.abort();
  }

  /** Resolves when no transfer is running. */
  untilSettled(): Promise<void> {
    return eventually(() => this.#ledger.running === 0);
  }

  /** Resolves when no link is left. */
  untilLost(): Promise<void> {
    return eventually(() => this.pool.stats().links === 0);
  }

  /** How the transfers went that have ended since the last call. */
  outcomes(): Outcome[] {
    return this.#ledger.take();
  }

  /** Starts callers that open one stream after the other. */
  startLoad(plan: LoadPlan): void {
    this.#load = new Load(this.pool, plan, this.#ledger);
  }

  /** Resolves when every caller has opened a stream from now on, and has seen it through. */
  everybodyServed(): Promise<void> {
    return this.#load!.everybodyServed();
  }

  /** What has become of the calls so far. */
  loadReport(): LoadReport {
    return this.#load!.report;
  }

  stopLoad(): Promise<LoadReport> {
    return this.#load!.stop();
  }

  census(): Promise<Census> {
    return takeCensus();
  }

  /** How many sockets are open. */
  sockets(): number {
    return countSockets();
  }

  /** How many of them are no link's. */
  straySockets(): number {
    return countSockets() - this.pool.stats().links;
  }

  /** Clients that may have left in the middle of their upgrade: those whose links did not come to be open. */
  leftInUpgrade(): number {
    const { dialFailures, dialing } = this.pool.stats();
    return dialFailures + dialing;
  }
}

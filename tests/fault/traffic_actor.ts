import type { GetOptions } from "@npws/pool";
import { type Census, takeCensus } from "../census.ts";
import { eventually } from "../contract/eventually.ts";
import { PoolActor } from "../contract/npws2_actor.ts";
import { countSockets } from "../leaks.ts";
import { Ledger, planBytes, planOf } from "./ledger.ts";
import { Load, type LoadPlan, type LoadReport } from "./load.ts";
import type { Outcome, TransferPlan } from "./transfer.ts";

/** A pool whose streams carry content that both ends know, byte by byte. */
export class TrafficActor extends PoolActor {
  readonly #ledger = new Ledger();
  #load: Load | undefined;

  /** From now on, performs its part of each stream that the other side opens. */
  acceptTransfers(): void {
    this.eachAccepted((connection) => this.#ledger.run(connection, planOf<TransferPlan>(connection), "acceptor"));
  }

  /** Opens a stream for each plan. Resolves when all are open; the transfers then continue in the background. */
  async openTransfers(plans: TransferPlan[], options: Pick<GetOptions, "timeoutMs" | "early"> = {}): Promise<void> {
    await Promise.all(plans.map(async (plan) => {
      const connection = await this.pool.open({ ...options, metadata: planBytes(plan) });
      this.#ledger.run(connection, plan, "opener");
    }));
  }

  /** Resolves when every endless transfer has received `bytes` bytes. */
  untilReceived(bytes: number): Promise<void> {
    return eventually(() => this.#ledger.leastReceived >= bytes);
  }

  /** Closes all idle links. */
  flush(): Promise<void> {
    return this.pool.flush();
  }

  /** Gives up all running transfers. */
  abortTransfers(): void {
    this.#ledger.abort();
  }

  /** Resolves when no transfer is running any longer. */
  untilSettled(): Promise<void> {
    return eventually(() => this.#ledger.running === 0);
  }

  /** Resolves when no links are left. */
  untilLost(): Promise<void> {
    return eventually(() => this.pool.stats().links === 0);
  }

  /** The outcomes of the transfers that have ended since the last call. */
  outcomes(): Outcome[] {
    return this.#ledger.take();
  }

  /** Starts callers that each open one stream after another. */
  startLoad(plan: LoadPlan): void {
    this.#load = new Load(this.pool, plan, this.#ledger);
  }

  /** Resolves once every caller has opened and completed a stream from now on. */
  everybodyServed(): Promise<void> {
    return this.#load!.everybodyServed();
  }

  /** The results of the calls so far. */
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

  /** How many sockets belong to no link. */
  straySockets(): number {
    return countSockets() - this.pool.stats().links;
  }

  /** Clients that may have left in the middle of their upgrade: those whose links never opened. */
  leftInUpgrade(): number {
    const { dialFailures, dialing } = this.pool.stats();
    return dialFailures + dialing;
  }
}

import type { Pool, PoolConnection } from "@npws/pool";
import { Dice } from "../random/dice.ts";
import { type Ledger, planBytes } from "./ledger.ts";
import type { Outcome, TransferPlan } from "./transfer.ts";

/** Callers that each open one stream after another. */
export interface LoadPlan {
  /** The prefix of the stream names, different for each load. */
  name: string;
  callers: number;
  /** How long each call may take. */
  timeoutMs: number;
  /** The most bytes that a stream carries in each direction. */
  longestBytes: number;
}

/** The results of the calls. */
export interface LoadReport {
  /** Calls that got a stream. */
  served: number;
  /** The number of calls that got none, by the name of the error. */
  failed: Record<string, number>;
  /** The largest overrun of a call's deadline, in milliseconds; 0 or less if there was none. */
  longestOverrunMs: number;
}

/** Callers that open one stream after another until they are stopped, whatever becomes of each stream. */
export class Load {
  readonly #pool: Pool;
  readonly #plan: LoadPlan;
  readonly #ledger: Ledger;
  readonly #dice: Dice;
  /** The results of the calls so far. */
  readonly report: LoadReport = { served: 0, failed: {}, longestOverrunMs: -Infinity };
  readonly #callers: Promise<void>[];
  /** Callers that still have to complete a stream before everybody counts as served. */
  readonly #unserved = new Set<number>();
  #served: PromiseWithResolvers<void> | undefined;
  #streams = 0;
  #isOver = false;

  constructor(pool: Pool, plan: LoadPlan, ledger: Ledger, seed = 1) {
    this.#pool = pool;
    this.#plan = plan;
    this.#ledger = ledger;
    this.#dice = new Dice(seed);
    this.#callers = Array.from({ length: plan.callers }, (_, number) => this.#run(number));
  }

  /** Resolves once every caller has opened and completed a stream from now on. */
  everybodyServed(): Promise<void> {
    this.#callers.forEach((_, number) => this.#unserved.add(number));
    this.#served = Promise.withResolvers();
    return this.#served.promise;
  }

  /** Stops the callers, each after its current stream. */
  async stop(): Promise<LoadReport> {
    this.#isOver = true;
    await Promise.all(this.#callers);
    return this.report;
  }

  async #run(caller: number): Promise<void> {
    while (!this.#isOver) {
      const isCounted = this.#unserved.has(caller);
      const outcome = await this.#open();
      if (!outcome) await new Promise((resolve) => setTimeout(resolve, 1)); // a closed pool rejects immediately
      else if (isCounted && outcome.sent.end === "clean" && outcome.received.end === "clean") this.#wasServed(caller);
    }
  }

  async #open(): Promise<Outcome | undefined> {
    const plan = this.#nextPlan();
    const { timeoutMs } = this.#plan;
    const startedAt = performance.now();
    let connection: PoolConnection;
    try {
      connection = await this.#pool.open({ timeoutMs, metadata: planBytes(plan) });
      this.report.served++;
    } catch (error) {
      const { name } = error as Error;
      this.report.failed[name] = (this.report.failed[name] ?? 0) + 1;
      return undefined;
    } finally {
      const overrunMs = performance.now() - startedAt - timeoutMs;
      this.report.longestOverrunMs = Math.max(this.report.longestOverrunMs, overrunMs);
    }
    return await this.#ledger.run(connection, plan, "opener");
  }

  #nextPlan(): TransferPlan {
    const { name, longestBytes } = this.#plan;
    const length = () => this.#dice.between(1, longestBytes);
    return { name: `${name} ${this.#streams++}`, opener: length(), acceptor: length() };
  }

  #wasServed(caller: number): void {
    this.#unserved.delete(caller);
    if (this.#unserved.size === 0) this.#served?.resolve();
  }
}

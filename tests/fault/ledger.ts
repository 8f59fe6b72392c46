import type { PoolConnection } from "@npws/pool";
import { type Outcome, type Side, Transfer, type TransferPlan } from "./transfer.ts";

/** The transfers of a process, and how they went. */
export class Ledger {
  readonly #running = new Set<Transfer>();
  #outcomes: Outcome[] = [];

  /** How many transfers have not ended. */
  get running(): number {
    return this.#running.size;
  }

  /** Which they are. */
  describe(): string[] {
    return Array.from(this.#running, (transfer) => transfer.describe());
  }

  /** What the slowest one of those without an end has received, in bytes. */
  get leastReceived(): number {
    const endless = [...this.#running].filter(({ isEndless }) => isEndless);
    return Math.min(...endless.map(({ receivedBytes }) => receivedBytes));
  }

  /** Does one end's part, and keeps how it went. */
  run(connection: PoolConnection, plan: TransferPlan, side: Side): Promise<Outcome> {
    return this.start(connection, plan, side).outcome;
  }

  /** The same, for who may give it up. */
  start(connection: PoolConnection, plan: TransferPlan, side: Side): Transfer {
    const transfer = new Transfer(connection, plan, side);
    this.#running.add(transfer);
    transfer.outcome.then((outcome) => {
      this.#running.delete(transfer);
      this.#outcomes.push(outcome);
    });
    return transfer;
  }

  /** Gives all up that have not ended. */
  abort(): void {
    for (const transfer of this.#running) transfer.abort();
  }

  /** How those went that have ended since the last call. */
  take(): Outcome[] {
    return this.#outcomes.splice(0);
  }
}

/** A plan as `open()` tells it to the other side. */
export function planBytes(plan: object): Uint8Array {
  return new TextEncoder().encode(JSON.stringify(plan));
}

/** The plan that was told. */
export function planOf<Plan>({ metadata }: PoolConnection): Plan {
  return JSON.parse(new TextDecoder().decode(metadata));
}

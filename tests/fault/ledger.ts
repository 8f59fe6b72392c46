import type { PoolConnection } from "@npws/pool";
import { type Outcome, type Side, Transfer, type TransferPlan } from "./transfer.ts";

/** The transfers of a process, and their outcomes. */
export class Ledger {
  readonly #running = new Set<Transfer>();
  #outcomes: Outcome[] = [];

  /** How many transfers have not ended. */
  get running(): number {
    return this.#running.size;
  }

  /** Descriptions of those transfers. */
  describe(): string[] {
    return Array.from(this.#running, (transfer) => transfer.describe());
  }

  /** How many bytes the slowest endless transfer has received. */
  get leastReceived(): number {
    const endless = [...this.#running].filter(({ isEndless }) => isEndless);
    return Math.min(...endless.map(({ receivedBytes }) => receivedBytes));
  }

  /** Performs one end's part and records its outcome. */
  run(connection: PoolConnection, plan: TransferPlan, side: Side): Promise<Outcome> {
    return this.start(connection, plan, side).outcome;
  }

  /** The same for a caller that may give it up. */
  start(connection: PoolConnection, plan: TransferPlan, side: Side): Transfer {
    const transfer = new Transfer(connection, plan, side);
    this.#running.add(transfer);
    transfer.outcome.then((outcome) => {
      this.#running.delete(transfer);
      this.#outcomes.push(outcome);
    });
    return transfer;
  }

  /** Gives up all transfers that have not ended. */
  abort(): void {
    for (const transfer of this.#running) transfer.abort();
  }

  /** The outcomes of the transfers that have ended since the last call. */
  take(): Outcome[] {
    return this.#outcomes.splice(0);
  }
}

/** A plan, encoded as the metadata of `open()`. */
export function planBytes(plan: object): Uint8Array {
  return new TextEncoder().encode(JSON.stringify(plan));
}

/** The plan that the opener sent. */
export function planOf<Plan>({ metadata }: PoolConnection): Plan {
  return JSON.parse(new TextDecoder().decode(metadata));
}

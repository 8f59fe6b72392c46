import type { Pool, PoolConnection } from "@npws/pool";
import { type Ledger, planBytes } from "../fault/ledger.ts";
import type { GiveUp, Side, TransferPlan } from "../fault/transfer.ts";
import { Dice } from "../random/dice.ts";
import type { PoolName, PoolsOfAProcess } from "./pools_of_a_process.ts";

/** The metadata of a stream, for the other process: what the stream carries, or which link to fetch. */
export interface Message {
  plan: TransferPlan;
  fetch?: { id: string; from: PoolName };
}

/** What to run. */
export interface ErrandsPlan {
  /** The prefix of the stream names, different for each process. */
  name: string;
  seed: number;
  /** How many errands run at a time. */
  runners: number;
}

/** The results of the errands. */
export interface ErrandsReport {
  /** The number of calls that rejected, by the name of the error. */
  failed: Record<string, number>;
  /** Errors that no call should reject with. */
  problems: string[];
  /** The largest overrun of a call's deadline, in milliseconds. */
  longestOverrunMs: number;
}

/** The deadline of a call that is not urgent, in milliseconds. */
const CALL_MS = 3_000;

/** Errors that calls may reject with, and that may break streams, while links and pools come and go. */
const expectedErrors = new Set([
  "AbortError",
  "ConnectionLostError",
  "ConnectionResetError",
  "NotSupportedError", // open() while only the npws/1 client is connected
  "PoolClosedError",
  "PoolTimeoutError",
]);

/** Whether an error is an expected consequence of faults rather than a bug. */
export function isExpected(error: unknown): boolean {
  return error instanceof Error && expectedErrors.has(error.name);
}

/** Uses the pools in random ways until it is stopped. */
export class Errands {
  readonly report: ErrandsReport = { failed: {}, problems: [], longestOverrunMs: -Infinity };
  readonly #pools: PoolsOfAProcess;
  readonly #ledger: Ledger;
  readonly #name: string;
  readonly #runners: Promise<void>[];
  #streams = 0;
  #isOver = false;

  constructor(pools: PoolsOfAProcess, ledger: Ledger, { name, seed, runners }: ErrandsPlan) {
    this.#pools = pools;
    this.#ledger = ledger;
    this.#name = name;
    this.#runners = Array.from({ length: runners }, (_, number) => this.#run(new Dice(seed + number)));
  }

  /** Stops the runners, each after its current errand. */
  async stop(): Promise<void> {
    this.#isOver = true;
    await Promise.all(this.#runners);
  }

  async #run(dice: Dice): Promise<void> {
    while (!this.#isOver) {
      const errand = dice.weighted([[10, this.#open], [4, this.#take], [2, this.#openInAHurry], [
        2,
        this.#openAndAbort,
      ]]);
      await errand.call(this, dice).catch((error) => this.#failed(error));
      await pause(dice.between(0, 10));
    }
  }

  /** Opens a stream for the other side's accept(), with early data or not. */
  async #open(dice: Dice): Promise<void> {
    const plan = this.#newPlan(dice);
    const connection = await this.#call(CALL_MS, dice.chance(0.3), plan, dice);
    await this.#ledger.run(connection, plan, "opener");
  }

  /** Opens a stream with a short deadline. */
  async #openInAHurry(dice: Dice): Promise<void> {
    const plan = this.#newPlan(dice);
    const connection = await this.#call(dice.pick([0, 1, 5, 20]), false, plan, dice);
    await this.#ledger.run(connection, plan, "opener");
  }

  /** Opens a stream with a signal that may abort the call, or gives the stream up at a random moment. */
  async #openAndAbort(dice: Dice): Promise<void> {
    const plan = this.#newPlan(dice);
    const aborter = new AbortController();
    const isEarly = dice.chance(0.3);
    const timer = setTimeout(() => aborter.abort(), dice.between(0, 30));
    let connection: PoolConnection;
    try {
      connection = await this.#call(CALL_MS, isEarly, plan, dice, aborter.signal);
    } finally {
      clearTimeout(timer);
    }
    const transfer = this.#ledger.start(connection, plan, "opener");
    await Promise.race([transfer.outcome, pause(dice.between(0, 50))]);
    transfer.abort();
    await transfer.outcome;
  }

  /**
   * Takes any link, which the other side fetches by its id. The id is sent over another stream, whose answer tells whether the
   * fetch succeeded.
   */
  async #take(dice: Dice): Promise<void> {
    // On npws/1 only one side may take links, because the protocol does not resolve simultaneous takes.
    const from = dice.pick(["server", "client"] as const);
    const taken = await this.#timed(CALL_MS, this.#pools.get(from).incomingGet({ timeoutMs: CALL_MS }));
    const plan = taken.protocol === 1 ? this.#oneWayPlan(dice) : this.#newPlan(dice);
    const at: PoolName = from === "client" ? "server" : taken.protocol === 1 ? "plainClient" : "client";
    const message: Message = { plan, fetch: { id: taken.id, from: at } };
    let telling: PoolConnection;
    try {
      const metadata = planBytes(message);
      telling = await this.#timed(CALL_MS, this.#openerOf(dice).open({ timeoutMs: CALL_MS, metadata }));
    } catch (error) {
      taken.abort("nobody was told of it");
      throw error;
    }
    const transfer = this.#ledger.start(taken, plan, "opener");
    if (!await isFetched(telling)) transfer.abort();
    await transfer.outcome;
  }

  async #call(
    timeoutMs: number,
    early: boolean,
    plan: TransferPlan,
    dice: Dice,
    signal?: AbortSignal,
  ): Promise<PoolConnection> {
    const message: Message = { plan };
    const options = { timeoutMs, early, signal, metadata: planBytes(message) };
    return await this.#timed(timeoutMs, this.#openerOf(dice).open(options));
  }

  #openerOf(dice: Dice): Pool {
    return this.#pools.get(dice.pick(["server", "client"]));
  }

  async #timed<Result>(timeoutMs: number, call: Promise<Result>): Promise<Result> {
    const startedAt = performance.now();
    try {
      return await call;
    } finally {
      const overrunMs = performance.now() - startedAt - timeoutMs;
      this.report.longestOverrunMs = Math.max(this.report.longestOverrunMs, overrunMs);
    }
  }

  #newPlan(dice: Dice): TransferPlan {
    const [opener, acceptor] = [lengthBy(dice), lengthBy(dice)];
    const giveUp = dice.chance(0.15) ? giveUpBy(dice, { opener, acceptor }) : undefined;
    return { name: this.#newName(), opener, acceptor, giveUp };
  }

  /** On npws/1 the end of one direction ends both. */
  #oneWayPlan(dice: Dice): TransferPlan {
    const length = lengthBy(dice);
    const [by, other]: Side[] = dice.chance(0.5) ? ["opener", "acceptor"] : ["acceptor", "opener"];
    const lengths = { [by]: length, [other]: 0 } as Record<Side, number>;
    const afterBytes = dice.between(0, length - 1);
    return {
      name: this.#newName(),
      ...lengths,
      giveUp: dice.chance(0.15) ? { by, how: "abort", afterBytes } : undefined,
    };
  }

  #newName(): string {
    return `${this.#name} ${this.#streams++}`;
  }

  #failed(error: unknown): void {
    const { name, stack } = error as Error;
    this.report.failed[name] = (this.report.failed[name] ?? 0) + 1;
    if (!isExpected(error)) this.report.problems.push(stack ?? String(error));
  }
}

/** Usually small, sometimes large. */
function lengthBy(dice: Dice): number {
  return dice.between(1, dice.weighted([[6, 2_000], [3, 100_000], [1, 1_500_000]]));
}

function giveUpBy(dice: Dice, lengths: Record<Side, number>): GiveUp {
  const by = dice.pick(["opener", "acceptor"] as const);
  const how = dice.pick(["abort", "abort writing", "cancel"] as const);
  const length = (how === "cancel") === (by === "opener") ? lengths.acceptor : lengths.opener;
  return { by, how, afterBytes: dice.between(0, length - 1) };
}

/** Whether the other side reports that it has fetched the link. */
async function isFetched(telling: PoolConnection): Promise<boolean> {
  telling.writable.close().catch(() => {}); // a loss also surfaces while reading
  try {
    return (await new Response(telling.readable).arrayBuffer()).byteLength > 0;
  } catch {
    return false;
  }
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}

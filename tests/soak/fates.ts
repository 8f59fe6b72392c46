import { delay } from "@std/async/delay";
import { type Fault, type FaultProxy, faults } from "../fault/fault_proxy.ts";
import type { Dice } from "../random/dice.ts";
import { poolNames } from "./pools_of_a_process.ts";
import type { SoakProcess } from "./soak_process.ts";

/** How long connections that the network has lost go unreported, in milliseconds. */
const LOST_MS = 2_500;

/** The faults that befall the two processes and the paths between them. */
export class Fates {
  /** How often each fate was dealt. */
  readonly dealt: Record<string, number> = {};
  readonly #dice: Dice;
  readonly #steady: SoakProcess;
  readonly #restarted: SoakProcess;
  readonly #restart: (process: SoakProcess) => Promise<void>;
  /** Fates still in progress. */
  readonly #pending = new Set<Promise<void>>();

  /** Only the `restarted` process is killed and started again, by `restart`. */
  constructor(
    dice: Dice,
    steady: SoakProcess,
    restarted: SoakProcess,
    restart: (process: SoakProcess) => Promise<void>,
  ) {
    this.#dice = dice;
    this.#steady = steady;
    this.#restarted = restarted;
    this.#restart = restart;
  }

  /** Deals one fate. Resolves when the next one may follow. */
  async deal(): Promise<void> {
    const fate = this.#dice.weighted([
      [8, this.#strike],
      [4, this.#lay],
      [2, this.#block],
      [2, this.#stop],
      [1, this.#flush],
      [2, this.#renew],
      [1, this.#kill],
    ]);
    await fate.call(this);
  }

  /** Resolves when no fate is in progress any longer. */
  async over(): Promise<void> {
    await Promise.all(this.#pending);
  }

  /** Drops the lost connections, so that their ends find out. */
  clear(): void {
    this.#proxies.forEach((proxy) => proxy.clear());
  }

  get #proxies(): FaultProxy[] {
    return [this.#steady.proxy, this.#restarted.proxy];
  }

  /** Inflicts a fault on some of the current connections. */
  #strike(): void {
    const fault = this.#pickFault();
    const proxy = this.#dice.pick(this.#proxies);
    this.#count(fault);
    const share = this.#dice.pick([0.1, 0.5, 1]);
    proxy.inflict(fault, () => this.#dice.chance(share));
    this.#later(async () => {
      await delay(LOST_MS);
      proxy.clear();
    });
  }

  /** Sets traps for some future connections, in their openings or in streams. */
  #lay(): void {
    const proxy = this.#dice.pick(this.#proxies);
    for (let traps = this.#dice.between(1, 4); traps > 0; traps--) {
      const from = this.#dice.pick(["client", "server"] as const);
      const afterBytes = this.#dice.between(0, this.#dice.pick([600, 200_000]));
      proxy.lay({ fault: this.#pickFault(), from, afterBytes });
      this.#count("traps");
    }
  }

  /** Blocks a path for a short time. */
  #block(): void {
    const proxy = this.#dice.pick(this.#proxies);
    const ms = this.#dice.between(50, 1_500);
    this.#count("blocked");
    proxy.block();
    this.#later(async () => {
      await delay(ms);
      proxy.unblock();
      proxy.clear();
    });
  }

  /** Suspends a process for a short time, as on a busy machine. */
  async #stop(): Promise<void> {
    const { actor } = this.#pickProcess();
    this.#count("stopped");
    actor.kill("SIGSTOP");
    await delay(this.#dice.between(50, 400));
    actor.kill("SIGCONT");
  }

  async #flush(): Promise<void> {
    this.#count("flushed");
    await this.#pickProcess().actor.call("flush", this.#dice.pick(poolNames));
  }

  /** Closes a pool gracefully and creates it again. */
  async #renew(): Promise<void> {
    this.#count("pools renewed");
    await this.#pickProcess().actor.call("renew", this.#dice.pick(poolNames));
  }

  async #kill(): Promise<void> {
    this.#count("processes killed");
    await this.#restart(this.#restarted);
  }

  #pickProcess(): SoakProcess {
    return this.#dice.pick([this.#steady, this.#restarted]);
  }

  #pickFault(): Fault {
    return this.#dice.pick(this.#dice.chance(0.6) ? faults.slice(0, 2) : faults.slice(2));
  }

  #later(run: () => Promise<void>): void {
    const pending = run().finally(() => this.#pending.delete(pending));
    this.#pending.add(pending);
  }

  #count(what: string): void {
    this.dealt[what] = (this.dealt[what] ?? 0) + 1;
  }
}

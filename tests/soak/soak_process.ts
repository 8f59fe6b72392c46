import { delay } from "@std/async/delay";
import type { RuntimeName } from "../../scripts/runtime_path.ts";
import { type Census, RUNTIMES_OWN_SOCKETS } from "../census.ts";
import { FaultProxy } from "../fault/fault_proxy.ts";
import { within } from "../fault/within.ts";
import { RemoteActor } from "../remote_actor.ts";
import type { ErrandsPlan } from "./errands.ts";
import type { SoakActor } from "./soak_actor.ts";

/** How long pools may take to close whose links are idle, in milliseconds: a second, and more on a busy machine. */
const CLOSE_MS = 5_000;

/** How long the system may take to close sockets, in milliseconds. */
const SETTLE_MS = 1_000;

/** How long a process may take to end by itself, in milliseconds. */
const LEAVE_MS = 5_000;

/** How many errands each process runs at a time. */
const RUNNERS = 8;

/** One of the two processes, and the way to its server. It may be ended and started again. */
export class SoakProcess implements AsyncDisposable {
  readonly runtime: RuntimeName;
  readonly proxy: FaultProxy;
  /** What it held before it had a pool. */
  before!: Census;
  #actor!: RemoteActor<SoakActor>;
  #starts = 0;

  private constructor(runtime: RuntimeName, proxy: FaultProxy) {
    this.runtime = runtime;
    this.proxy = proxy;
  }

  /** Starts the process, with its server. */
  static async start(runtime: RuntimeName): Promise<SoakProcess> {
    const process = new SoakProcess(runtime, await FaultProxy.listen(0));
    await process.#start();
    return process;
  }

  get actor(): RemoteActor<SoakActor> {
    return this.#actor;
  }

  /** Starts its clients, and begins to run errands. */
  async run(other: SoakProcess, seed: number): Promise<void> {
    await this.#actor.call("dial", other.proxy.url);
    const plan: ErrandsPlan = { name: `${this.runtime} ${this.#starts}`, seed: seed + this.#starts, runners: RUNNERS };
    await this.#actor.call("run", plan);
  }

  /** Ends the process at once, and starts it again. */
  async replace(): Promise<void> {
    await this.#actor[Symbol.asyncDispose]();
    await this.#start();
  }

  /** Closes its pools and lets it end by itself. */
  async leave(): Promise<void> {
    await within(CLOSE_MS, `the pools of ${this.runtime} are closed`, this.#actor.call("close"));
    const [strays, left] = [await this.#strays(), await this.#actor.call("leftInUpgrade")];
    if (strays > left) throw new Error(`Cannot go on: ${this.runtime} keeps ${strays} sockets without a pool`);
    // Deno never frees the socket of a client that left before its upgrade was answered, and it keeps the process running.
    if (this.runtime === "deno" && strays > 0) return;
    const code = await within(LEAVE_MS, `nothing keeps ${this.runtime} running`, this.#actor.leave());
    if (code !== 0) throw new Error(`Cannot go on: ${this.runtime} ended with exit code ${code}`);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all([this.#actor[Symbol.asyncDispose](), this.proxy[Symbol.asyncDispose]()]);
  }

  /** Sockets that are still open, when those had their time that are being closed. */
  async #strays(): Promise<number> {
    for (const until = performance.now() + SETTLE_MS;; await delay(50)) {
      const { sockets } = await this.#actor.call("census");
      const strays = sockets - this.before.sockets - RUNTIMES_OWN_SOCKETS;
      if (strays <= 0 || performance.now() > until) return strays;
    }
  }

  async #start(): Promise<void> {
    this.#starts++;
    this.#actor = new RemoteActor(this.runtime, new URL("./soak_peer.ts", import.meta.url));
    this.before = await this.#actor.call("census");
    this.proxy.target = await this.#actor.call("listen");
  }
}

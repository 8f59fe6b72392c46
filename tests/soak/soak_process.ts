import type { RuntimeName } from "../../scripts/runtime_path.ts";
import { FaultProxy } from "../fault/fault_proxy.ts";
import { leave } from "../fault/leave.ts";
import { within } from "../fault/within.ts";
import { RemoteActor } from "../remote_actor.ts";
import type { ErrandsPlan } from "./errands.ts";
import type { SoakActor } from "./soak_actor.ts";

/** How long pools whose links are idle may take to close, in milliseconds: a second, or more on a busy machine. */
const CLOSE_MS = 5_000;

/** How many errands each process runs at a time. */
const RUNNERS = 8;

/** One of the two processes, and the path to its server. It can be killed and restarted. */
export class SoakProcess implements AsyncDisposable {
  readonly runtime: RuntimeName;
  readonly proxy: FaultProxy;
  /** How many sockets the process had open before it had a pool. */
  #socketsBefore = 0;
  #actor!: RemoteActor<SoakActor>;
  #starts = 0;

  private constructor(runtime: RuntimeName, proxy: FaultProxy) {
    this.runtime = runtime;
    this.proxy = proxy;
  }

  /** Starts the process and its server. */
  static async start(runtime: RuntimeName): Promise<SoakProcess> {
    const process = new SoakProcess(runtime, await FaultProxy.listen(0));
    await process.#start();
    return process;
  }

  get actor(): RemoteActor<SoakActor> {
    return this.#actor;
  }

  /** Starts its clients, and starts running errands. */
  async run(other: SoakProcess, seed: number): Promise<void> {
    await this.#actor.call("dial", other.proxy.url);
    const plan: ErrandsPlan = { name: `${this.runtime} ${this.#starts}`, seed: seed + this.#starts, runners: RUNNERS };
    await this.#actor.call("run", plan);
  }

  /** Kills the process and starts it again. */
  async replace(): Promise<void> {
    await this.#actor[Symbol.asyncDispose]();
    await this.#start();
  }

  /** Closes its pools and lets it exit on its own. */
  async leave(): Promise<void> {
    await within(CLOSE_MS, `the pools of ${this.runtime} are closed`, this.#actor.call("close"));
    await leave(this.#actor, this.runtime, this.#socketsBefore);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all([this.#actor[Symbol.asyncDispose](), this.proxy[Symbol.asyncDispose]()]);
  }

  async #start(): Promise<void> {
    this.#starts++;
    this.#actor = new RemoteActor(this.runtime, new URL("./soak_peer.ts", import.meta.url));
    this.#socketsBefore = await this.#actor.call("sockets");
    this.proxy.target = await this.#actor.call("listen");
  }
}

import type { RuntimeName } from "../../scripts/runtime_path.ts";
import { type SpawnedRuntime, spawnRuntime } from "../harness.ts";
import type { PoolActor } from "./npws2_actor.ts";
import type { Answer, Call } from "./npws2_peer.ts";

/** The methods of an actor, by their names. */
type Action = (...args: never[]) => unknown;
type Actions = { [Name in keyof PoolActor]: PoolActor[Name] extends Action ? Name : never }[keyof PoolActor];
type ActionOf<Name extends Actions> = Extract<PoolActor[Name], Action>;

/** A pool in a process of its own. Disposing it kills the process. */
export class RemotePool implements AsyncDisposable {
  readonly #process: SpawnedRuntime;
  readonly #calls = new Map<number, PromiseWithResolvers<unknown>>();
  readonly #reading: Promise<void>;
  #number = 0;

  constructor(runtime: RuntimeName) {
    this.#process = spawnRuntime(runtime, new URL("./npws2_peer.ts", import.meta.url));
    this.#reading = this.#readAnswers();
  }

  /** Runs a method of the other process's actor. Several may be under way. */
  call<Name extends Actions>(
    name: Name,
    ...args: Parameters<ActionOf<Name>>
  ): Promise<Awaited<ReturnType<ActionOf<Name>>>> {
    const call: Call = { number: this.#number++, name, args };
    const answer = Promise.withResolvers<unknown>();
    answer.promise.catch(() => {}); // a test that kills the process may not wait for it
    this.#calls.set(call.number, answer);
    this.#process.input.write(`${JSON.stringify(call)}\n`);
    return answer.promise as Promise<Awaited<ReturnType<ActionOf<Name>>>>;
  }

  /** Sends the process a signal. */
  kill(signal: "SIGKILL" | "SIGSTOP" | "SIGCONT"): void {
    this.#process.kill(signal);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#process.kill();
    await this.#reading;
    await this.#process[Symbol.asyncDispose]();
  }

  async #readAnswers(): Promise<void> {
    for await (const line of this.#process.lines) this.#settle(JSON.parse(line));
    for (const call of this.#calls.values()) {
      call.reject(new Error("Cannot get an answer: the other process has ended"));
    }
  }

  #settle({ number, result, failure }: Answer): void {
    const call = this.#calls.get(number)!;
    this.#calls.delete(number);
    if (failure === undefined) call.resolve(result);
    else call.reject(new Error(`Cannot run a call of the other process: ${failure}`));
  }
}

import type { RuntimeName } from "../scripts/runtime_path.ts";
import { type SpawnedRuntime, spawnRuntime } from "./spawn_runtime.ts";
import type { Answer, Call } from "./serve_actor.ts";

/** A method of an actor. */
type Action = (...args: never[]) => unknown;
type Actions<Actor> = { [Name in keyof Actor]: Actor[Name] extends Action ? Name : never }[keyof Actor];
type ActionOf<Actor, Name extends Actions<Actor>> = Extract<Actor[Name], Action>;

/** An object in a separate process. Disposing it kills the process. */
export class RemoteActor<Actor extends object> implements AsyncDisposable {
  readonly #process: SpawnedRuntime;
  readonly #calls = new Map<number, PromiseWithResolvers<unknown>>();
  readonly #reading: Promise<void>;
  #number = 0;
  #hasEnded = false;

  /** `file` is the program, which serves the actor with `serveActor`. */
  constructor(runtime: RuntimeName, file: URL) {
    this.#process = spawnRuntime(runtime, file);
    this.#reading = this.#readAnswers();
  }

  /** Runs a method of the actor in the other process. Several calls may be in progress at once. */
  call<Name extends Actions<Actor>>(
    name: Name,
    ...args: Parameters<ActionOf<Actor, Name>>
  ): Promise<Awaited<ReturnType<ActionOf<Actor, Name>>>> {
    const call: Call = { number: this.#number++, name: String(name), args };
    const answer = Promise.withResolvers<unknown>();
    answer.promise.catch(() => {}); // a test that kills the process may not await it
    if (this.#hasEnded) answer.reject(endedError());
    else {
      this.#calls.set(call.number, answer);
      this.#process.input.write(`${JSON.stringify(call)}\n`);
    }
    return answer.promise as Promise<Awaited<ReturnType<ActionOf<Actor, Name>>>>;
  }

  /** Sends the process a signal. */
  kill(signal: "SIGKILL" | "SIGSTOP" | "SIGCONT"): void {
    this.#process.kill(signal);
  }

  /** Tells the process that no more calls follow. Resolves with its exit code once nothing keeps it running. */
  leave(): Promise<number | null> {
    this.#process.input.write("leave\n");
    return this.#process.exited;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#process.kill();
    await this.#reading;
    await this.#process[Symbol.asyncDispose]();
  }

  async #readAnswers(): Promise<void> {
    for await (const line of this.#process.lines) this.#settle(JSON.parse(line));
    this.#hasEnded = true;
    for (const call of this.#calls.values()) call.reject(endedError());
  }

  #settle({ number, result, failure }: Answer): void {
    const call = this.#calls.get(number)!;
    this.#calls.delete(number);
    if (failure === undefined) call.resolve(result);
    else call.reject(new Error(`Cannot run a call of the other process: ${failure}`));
  }
}

function endedError(): Error {
  return new Error("Cannot get an answer: the other process has ended");
}

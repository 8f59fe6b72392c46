import { type ChildProcess, spawn } from "node:child_process";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { type RuntimeName, runtimePath } from "../scripts/runtime_path.ts";

/** The longest that one call may take, so that a hung benchmark reports where it hangs. */
const CALL_DEADLINE_MS = 120_000;

/** The longest that a process may take to exit on its own. */
const EXIT_DEADLINE_MS = 10_000;

/** Which end of the links a process owns. */
export type Role = "client" | "server";

/** The methods of an actor, by name. */
type Actions<Actor> = { [Name in keyof Actor]: Actor[Name] extends Action ? Name : never }[keyof Actor] & string;
type Action = (...args: never[]) => unknown;
type ActionOf<Actor, Name extends keyof Actor> = Extract<Actor[Name], Action>;

/** How a process is started. */
export interface RemoteOptions {
  runtime: RuntimeName;
  role: Role;
  caseName: string;
  /** The folder that a CPU profile is written to when the process ends. */
  profileFolder: string | undefined;
}

/** An actor of a case in a separate process. Its methods are called by name, one at a time. */
export class Remote<Actor> {
  readonly #child: ChildProcess;
  readonly #name: string;
  readonly #exited: Promise<string>;
  readonly #lines: AsyncIterator<string>;

  constructor({ runtime, role, caseName, profileFolder }: RemoteOptions) {
    this.#name = `${role} on ${runtime}`;
    const args = [...runArguments(runtime, profileFolder), fileURLToPath(new URL("peer.ts", import.meta.url))];
    this.#child = spawn(runtimePath(runtime), [...args, caseName, role], { stdio: ["pipe", "pipe", "inherit"] });
    this.#child.stdin!.on("error", () => {}); // `#exited` reports a peer that has exited
    this.#exited = new Promise((resolve) => {
      this.#child.once("error", (error) => resolve(error.message));
      this.#child.once("exit", (code, signal) => resolve(`it ended with ${signal ?? `exit code ${code}`}`));
    });
    this.#lines = createInterface({ input: this.#child.stdout! })[Symbol.asyncIterator]();
  }

  /** Calls a method of the remote actor. Arguments and result travel as JSON. */
  async call<Name extends Actions<Actor>>(
    name: Name,
    ...args: Parameters<ActionOf<Actor, Name>>
  ): Promise<Awaited<ReturnType<ActionOf<Actor, Name>>>> {
    this.#child.stdin!.write(`${JSON.stringify({ name, args })}\n`);
    const { result, error } = await this.#answer(name);
    if (error !== undefined) throw new Error(`Cannot run ${name} at the ${this.#name}: ${error}`);
    return result as Awaited<ReturnType<ActionOf<Actor, Name>>>;
  }

  /** Ends the process by closing its standard input, so that it can still write its profile. */
  async close(): Promise<void> {
    this.#child.stdin!.end();
    const timer = setTimeout(() => this.#child.kill("SIGKILL"), EXIT_DEADLINE_MS);
    await this.#exited;
    clearTimeout(timer);
  }

  async #answer(name: string): Promise<Answer> {
    const late = Promise.withResolvers<never>();
    const deadline = () => late.reject(new Error(`Cannot run ${name} at the ${this.#name}: no answer in time`));
    const timer = setTimeout(deadline, CALL_DEADLINE_MS);
    try {
      const { value, done } = await Promise.race([this.#lines.next(), late.promise]);
      return done ? { error: await this.#exited } : JSON.parse(value);
    } finally {
      clearTimeout(timer);
    }
  }
}

/** What a peer prints for each call. */
export interface Answer {
  result?: unknown;
  error?: string;
}

/** What a peer reads for each call. */
export interface Call {
  name: string;
  args: unknown[];
}

function runArguments(runtime: RuntimeName, profileFolder: string | undefined): string[] {
  const profile = profileFolder === undefined ? [] : ["--cpu-prof", `--cpu-prof-dir=${profileFolder}`];
  if (runtime === "bun") return [...profile, "run"];
  return ["run", "-A", "--quiet", "--no-check", "--v8-flags=--expose-gc", ...profile];
}

import { runtimeName, type SpawnedRuntime, spawnRuntime } from "../harness.ts";
import { ProcessLog } from "../process_log.ts";
import type { RuntimeName } from "../../scripts/runtime_path.ts";

/** A program of the tunnel in a process of its own, and what it has logged. Disposing it kills it. */
export class TunnelProcess implements AsyncDisposable {
  readonly exited: Promise<number | null>;
  readonly #process: SpawnedRuntime;
  readonly #log: ProcessLog;

  constructor(program: "server" | "client", args: string[], runtime: RuntimeName = runtimeName) {
    const file = new URL(`../../examples/tunnel/${program}.ts`, import.meta.url);
    this.#process = spawnRuntime(runtime, file, args, { keepErrors: true });
    this.exited = this.#process.exited;
    const { lines, errorLines } = this.#process;
    this.#log = new ProcessLog([lines, errorLines!], (line) => line.replace(/^\d{4}-\S+Z /, ""));
  }

  /** All that it has logged, without the times in front, and what it has printed to its standard error. */
  get log(): string[] {
    return this.#log.lines;
  }

  get pid(): number {
    return this.#process.pid;
  }

  /**
   * Waits for a line that it logs, or has logged since the last call found one. Fails when the process ends without.
   *
   * @returns What the groups of the pattern matched.
   */
  logged(pattern: RegExp): Promise<string[]> {
    return this.#log.logged(pattern);
  }

  kill(signal?: Parameters<SpawnedRuntime["kill"]>[0]): void {
    this.#process.kill(signal);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#process[Symbol.asyncDispose]();
  }
}

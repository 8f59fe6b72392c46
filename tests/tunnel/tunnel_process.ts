import { runtimeName, type SpawnedRuntime, spawnRuntime } from "../harness.ts";
import { ProcessLog } from "../process_log.ts";
import type { RuntimeName } from "../../scripts/runtime_path.ts";

/** A program of the tunnel in a separate process, with its log. Disposing it kills it. */
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

  /** Everything that it has logged, without timestamps, and what it has printed to standard error. */
  get log(): string[] {
    return this.#log.lines;
  }

  get pid(): number {
    return this.#process.pid;
  }

  /**
   * Waits for a line that it logs, or has logged since the last call found one. Fails if the process ends without one.
   *
   * @returns The matches of the pattern's groups.
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

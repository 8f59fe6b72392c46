import { assertMatch } from "@std/assert";
import { runtimeName, type SpawnedRuntime, spawnRuntime } from "../harness.ts";
import type { RuntimeName } from "../../scripts/runtime_path.ts";

/** A program of the tunnel in a process of its own, and what it has logged. Disposing it kills it. */
export class TunnelProcess implements AsyncDisposable {
  readonly exited: Promise<number | null>;
  /** All that it has logged, without the times in front, and what it has printed to its standard error. */
  readonly log: string[] = [];
  readonly #process: SpawnedRuntime;
  readonly #unseen: string[] = [];
  readonly #waiting = new Set<() => void>();
  #isEnded = false;

  constructor(program: "server" | "client", args: string[], runtime: RuntimeName = runtimeName) {
    const file = new URL(`../../examples/tunnel/${program}.ts`, import.meta.url);
    this.#process = spawnRuntime(runtime, file, args, { keepErrors: true });
    this.exited = this.#process.exited;
    const { lines, errorLines } = this.#process;
    Promise.allSettled([this.#read(lines), this.#read(errorLines!)]).then(() => {
      this.#isEnded = true;
      this.#wake();
    });
  }

  get pid(): number {
    return this.#process.pid;
  }

  /**
   * Waits for a line that it logs, or has logged since the last call found one. Fails when the process ends without.
   *
   * @returns What the groups of the pattern matched.
   */
  async logged(pattern: RegExp): Promise<string[]> {
    for (;;) {
      for (let line = this.#unseen.shift(); line !== undefined; line = this.#unseen.shift()) {
        const match = pattern.exec(line);
        if (match) return match.slice(1);
      }
      if (this.#isEnded) assertMatch(this.log.join("\n"), pattern, "the process has ended");
      await new Promise<void>((resolve) => this.#waiting.add(resolve));
    }
  }

  kill(signal?: "SIGINT" | "SIGTERM" | "SIGKILL" | "SIGSTOP" | "SIGCONT"): void {
    this.#process.kill(signal);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#process[Symbol.asyncDispose]();
  }

  async #read(lines: AsyncIterable<string>): Promise<void> {
    for await (const line of lines) {
      const text = line.replace(/^\d{4}-\S+Z /, "");
      this.log.push(text);
      this.#unseen.push(text);
      this.#wake();
    }
  }

  #wake(): void {
    for (const resolve of this.#waiting) resolve();
    this.#waiting.clear();
  }
}

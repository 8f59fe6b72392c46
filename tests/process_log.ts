import { assertMatch } from "@std/assert";

/** What a process logs, line by line, so that tests can wait for it. */
export class ProcessLog {
  /** All lines so far. */
  readonly lines: string[] = [];
  readonly #unseen: string[] = [];
  readonly #waiting = new Set<() => void>();
  #isEnded = false;

  /** Reads a process's streams to their ends. `strip` removes irrelevant parts of a line. */
  constructor(streams: AsyncIterable<string>[], strip: (line: string) => string = (line) => line) {
    Promise.allSettled(streams.map((stream) => this.#read(stream, strip))).then(() => {
      this.#isEnded = true;
      this.#wake();
    });
  }

  /**
   * Waits for a matching line, including those logged since the last call found one. Fails if the process ends without one.
   *
   * @returns The matches of the pattern's groups.
   */
  async logged(pattern: RegExp): Promise<string[]> {
    for (;;) {
      for (let line = this.#unseen.shift(); line !== undefined; line = this.#unseen.shift()) {
        const match = pattern.exec(line);
        if (match) return match.slice(1);
      }
      if (this.#isEnded) assertMatch(this.lines.join("\n"), pattern, "the process has ended");
      await new Promise<void>((resolve) => this.#waiting.add(resolve));
    }
  }

  async #read(stream: AsyncIterable<string>, strip: (line: string) => string): Promise<void> {
    for await (const line of stream) {
      const text = strip(line);
      this.lines.push(text);
      this.#unseen.push(text);
      this.#wake();
    }
  }

  #wake(): void {
    for (const resolve of this.#waiting) resolve();
    this.#waiting.clear();
  }
}

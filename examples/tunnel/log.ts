import { oneLine } from "./one_line.ts";

/** Where the log lines go. */
export interface LogOutput {
  write(text: string): unknown;
}

/** How long a repeated warning is only counted, in milliseconds. */
const REPEAT_MS = 10_000;

/**
 * Log lines that start with the time; a peer's text cannot start a line. Warnings that repeat, as when a target is down under
 * load, are counted.
 */
export class Log {
  /** Whether `debug` logs anything. */
  readonly isVerbose: boolean;
  readonly #output: LogOutput;
  /** The latest warning, and how often it has been repeated without being logged. */
  #warned = { text: "", at: -Infinity, untold: 0 };

  constructor(output: LogOutput, isVerbose: boolean) {
    this.#output = output;
    this.isVerbose = isVerbose;
  }

  info(text: string): void {
    this.#tellRepeated();
    this.#warned.text = ""; // the situation has changed: the same warning deserves a new line now
    this.#write("info", text);
  }

  warn(text: string): void {
    const now = performance.now();
    const isRepeated = text === this.#warned.text;
    if (isRepeated) this.#warned.untold++;
    if (isRepeated && now - this.#warned.at < REPEAT_MS) return;
    this.#tellRepeated();
    if (!isRepeated) this.#write("warn", text);
    this.#warned = { text, at: now, untold: 0 };
  }

  /** Logs, and makes the text, only with --verbose. */
  debug(text: () => string): void {
    if (this.isVerbose) this.#write("debug", text());
  }

  #tellRepeated(): void {
    const { text, untold } = this.#warned;
    if (untold > 0) this.#write("warn", untold === 1 ? text : `${text} (${untold} times)`);
    this.#warned.untold = 0;
  }

  #write(level: string, text: string): void {
    this.#output.write(`${new Date().toISOString()} ${level.padEnd(5)} ${oneLine(text)}\n`);
  }
}

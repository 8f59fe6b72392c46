import { oneLine } from "./one_line.ts";

/** Where the lines go. */
export interface LogOutput {
  write(text: string): unknown;
}

/** How long the same warning is only counted, in milliseconds. */
const REPEAT_MS = 10_000;

/** Lines with a time in front; what a peer wrote begins none. A warning that comes again and again, as with a target that is down under load, is counted. */
export class Log {
  readonly #output: LogOutput;
  readonly #isVerbose: boolean;
  /** The latest warning, and how often it has come again untold. */
  #warned = { text: "", at: -Infinity, untold: 0 };

  constructor(output: LogOutput, isVerbose: boolean) {
    this.#output = output;
    this.#isVerbose = isVerbose;
  }

  info(text: string): void {
    this.#tellRepeated();
    this.#warned.text = ""; // times have changed: it is worth a line of its own when it comes now
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

  /** Only with --verbose. The text is made only then. */
  debug(text: () => string): void {
    if (this.#isVerbose) this.#write("debug", text());
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

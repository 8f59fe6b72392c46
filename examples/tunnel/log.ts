import { oneLine } from "./one_line.ts";

/** Where the lines go. */
export interface LogOutput {
  write(text: string): unknown;
}

/** How long the same warning is only counted, in milliseconds. */
const REPEAT_MS = 1_000;

/** Lines with a time in front; what a peer wrote begins none. A warning that comes again and again, as with a target that is down under load, is counted. */
export class Log {
  readonly #output: LogOutput;
  readonly #isVerbose: boolean;
  readonly #warned = { text: "", at: -Infinity, repeated: 0 };

  constructor(output: LogOutput, isVerbose: boolean) {
    this.#output = output;
    this.#isVerbose = isVerbose;
  }

  info(text: string): void {
    this.#write("info", text);
  }

  warn(text: string): void {
    const now = performance.now();
    const warned = this.#warned;
    if (text === warned.text && now - warned.at < REPEAT_MS) return void warned.repeated++;
    if (warned.repeated > 0) this.#write("warn", `${warned.text} (${warned.repeated} times more)`);
    Object.assign(warned, { text, at: now, repeated: 0 });
    this.#write("warn", text);
  }

  /** Only with --verbose. The text is made only then. */
  debug(text: () => string): void {
    if (this.#isVerbose) this.#write("debug", text());
  }

  #write(level: string, text: string): void {
    this.#output.write(`${new Date().toISOString()} ${level.padEnd(5)} ${oneLine(text)}\n`);
  }
}

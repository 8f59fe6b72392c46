import type { ControlChannel } from "./control_channel.ts";
import { ExitCode, ExitError } from "./exit_error.ts";
import type { Forward } from "./forward.ts";
import { formatHostPort } from "./host_port.ts";
import type { Log } from "./log.ts";
import { decodeFromServer, type PortRequest } from "./messages.ts";

/** How long to wait before asking again for a refused port, in milliseconds. */
const ASK_AGAIN_MS = 1_000;

/** How long the server may take to say goodbye, in milliseconds. */
const LEAVE_TIMEOUT_MS = 1_000;

/** One control stream to the server, from start to end: asks for the ports, and again if one was refused for now. */
export class ServerSession {
  readonly #control: ControlChannel;
  readonly #forwards: readonly Forward[];
  readonly #log: Log;
  readonly #listening = new Set<number>();
  /** Asks again, or cuts short a goodbye that takes too long. */
  #timer: ReturnType<typeof setTimeout> | undefined;
  #isLeaving = false;
  #wasHeard = false;

  constructor(control: ControlChannel, forwards: readonly Forward[], log: Log) {
    this.#control = control;
    this.#forwards = forwards;
    this.#log = log;
  }

  /** Whether the server has sent anything: if so, it is worth reconnecting soon. */
  get wasHeard(): boolean {
    return this.#wasHeard;
  }

  /**
   * Resolves when the server has ended the session, as it does when `ended` aborts. No connections come from the ports after
   * that.
   *
   * @throws {ExitError} The server has refused for good.
   * @throws {Error} The stream broke, or carries something else.
   */
  async run(ended: AbortSignal): Promise<void> {
    const leave = () => this.#leave();
    ended.addEventListener("abort", leave, { once: true });
    this.#ask();
    try {
      for await (const line of this.#control.lines()) this.#hear(line);
    } finally {
      ended.removeEventListener("abort", leave);
      clearTimeout(this.#timer);
      this.#control.close();
    }
  }

  #leave(): void {
    this.#isLeaving = true;
    this.#control.end();
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.#control.close(), LEAVE_TIMEOUT_MS);
  }

  #ask(): void {
    const request: PortRequest = {
      ports: this.#forwards.map(({ listen }) => listen),
      wantsSources: this.#log.isVerbose,
    };
    this.#control.send(request);
  }

  #hear(line: string): void {
    const message = decodeFromServer(line);
    this.#wasHeard = true;
    switch (message.kind) {
      case "listening":
        return this.#granted(message.index, message.address);
      case "refused":
        if (this.#isLeaving) return;
        if (message.isFinal) throw new ExitError(ExitCode.refused, message.reason);
        this.#log.warn(`The server reported: ${message.reason}; retrying`);
        clearTimeout(this.#timer);
        this.#timer = setTimeout(() => this.#ask(), ASK_AGAIN_MS);
        return;
      case "replaced":
        throw new ExitError(ExitCode.refused, "Cannot continue: another client with the same name has taken over");
    }
  }

  #granted(index: number, address: string): void {
    if (this.#listening.has(index) || !this.#forwards[index]) return;
    this.#listening.add(index);
    const { target } = this.#forwards[index];
    this.#log.info(`${address} on the server leads to ${formatHostPort(target)}`);
  }
}

import { formatHostPort, type HostPort } from "./host_port.ts";
import { Roster } from "./roster.ts";
import { systemReason } from "./system_error.ts";
import { beginToConnect } from "./tcp.ts";
import type { Connecting, TcpSocket } from "./tcp_socket.ts";

/** Connects to targets, all with the same timeout: one timer and one abort listener serve every attempt in progress. */
export class TcpConnector {
  readonly #timeoutMs: number;
  readonly #signal: AbortSignal;
  readonly #attempts = new Roster<Attempt>();
  #timer: ReturnType<typeof setTimeout> | undefined;

  /** @param signal Gives up all attempts, present and future. */
  constructor(timeoutMs: number, signal: AbortSignal) {
    this.#timeoutMs = timeoutMs;
    this.#signal = signal;
    signal.addEventListener("abort", () => {
      for (const { connecting } of this.#attempts) connecting.giveUp(signal.reason);
    });
  }

  /**
   * Connects to a target.
   *
   * @throws {Error} The target cannot be reached in time, or the attempt was given up; the message says why.
   */
  connect(target: HostPort): Promise<TcpSocket> {
    const connecting = beginToConnect(target);
    const place = this.#enter(connecting);
    return connecting.promise.then((socket) => {
      this.#leave(place);
      return socket;
    }, (error) => {
      this.#leave(place);
      throw new Error(`Cannot connect to ${formatHostPort(target)}: ${systemReason(error)}`, { cause: error });
    });
  }

  #enter(connecting: Connecting): number {
    this.#timer ??= setTimeout(() => this.#giveUpLate(), this.#timeoutMs);
    if (this.#signal.aborted) connecting.giveUp(this.#signal.reason);
    return this.#attempts.enter({ connecting, dueAt: performance.now() + this.#timeoutMs });
  }

  #leave(place: number): void {
    this.#attempts.leave(place);
    if (this.#attempts.size > 0) return;
    clearTimeout(this.#timer);
    this.#timer = undefined;
  }

  #giveUpLate(): void {
    const now = performance.now();
    let nextAt = now + this.#timeoutMs;
    for (const { connecting, dueAt } of this.#attempts) {
      if (dueAt <= now) connecting.giveUp(new Error(`no connection within ${this.#timeoutMs} ms`));
      else nextAt = Math.min(nextAt, dueAt);
    }
    this.#timer = setTimeout(() => this.#giveUpLate(), nextAt - now); // those that were given up have not left yet
  }
}

/** An attempt in progress. */
interface Attempt {
  readonly connecting: Connecting;
  readonly dueAt: number;
}

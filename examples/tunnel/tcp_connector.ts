import { formatHostPort, type HostPort } from "./host_port.ts";
import { Roster } from "./roster.ts";
import { systemReason } from "./system_error.ts";
import { beginToConnect } from "./tcp.ts";
import type { Connecting, TcpSocket } from "./tcp_socket.ts";

/** Connects to targets, all with the same timeout, as long as `giveUpLate` is called regularly. */
export class TcpConnector {
  readonly #timeoutMs: number;
  readonly #signal: AbortSignal;
  readonly #begin: (target: HostPort) => Connecting;
  readonly #attempts = new Roster<Attempt>();

  /** @param signal Gives up all attempts, present and future. */
  constructor(timeoutMs: number, signal: AbortSignal, begin = beginToConnect) {
    this.#timeoutMs = timeoutMs;
    this.#signal = signal;
    this.#begin = begin;
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
    const connecting = this.#begin(target);
    if (this.#signal.aborted) connecting.giveUp(this.#signal.reason);
    const place = this.#attempts.enter({ connecting, dueAt: performance.now() + this.#timeoutMs });
    return connecting.promise.then((socket) => {
      this.#attempts.leave(place);
      return socket;
    }, (error) => {
      this.#attempts.leave(place);
      throw new Error(`Cannot connect to ${formatHostPort(target)}: ${systemReason(error)}`, { cause: error });
    });
  }

  /** Gives up the attempts that have taken too long. */
  giveUpLate(): void {
    const now = performance.now();
    for (const { connecting, dueAt } of this.#attempts) {
      if (dueAt <= now) connecting.giveUp(new Error(`no connection within ${this.#timeoutMs} ms`));
    }
  }
}

/** An attempt in progress. */
interface Attempt {
  readonly connecting: Connecting;
  readonly dueAt: number;
}

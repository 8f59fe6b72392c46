import { formatHostPort, type HostPort } from "./host_port.ts";
import { systemReason } from "./system_error.ts";
import { beginToConnect } from "./tcp.ts";
import type { Connecting, TcpSocket } from "./tcp_socket.ts";

/** Connects to targets, all with the same timeout: one timer and one abort listener serve every attempt in progress. */
export class TcpConnector {
  readonly #timeoutMs: number;
  readonly #signal: AbortSignal;
  /** The deadlines of the attempts in progress, earliest first. */
  readonly #dueAt = new Map<Connecting, number>();
  #timer: ReturnType<typeof setTimeout> | undefined;

  /** @param signal Gives up all attempts, present and future. */
  constructor(timeoutMs: number, signal: AbortSignal) {
    this.#timeoutMs = timeoutMs;
    this.#signal = signal;
    signal.addEventListener("abort", () => {
      for (const connecting of this.#dueAt.keys()) connecting.giveUp(signal.reason);
    });
  }

  /**
   * Connects to a target.
   *
   * @throws {Error} The target cannot be reached in time, or the attempt was given up; the message says why.
   */
  connect(target: HostPort): Promise<TcpSocket> {
    const connecting = beginToConnect(target);
    this.#enter(connecting);
    return connecting.promise.then((socket) => {
      this.#leave(connecting);
      return socket;
    }, (error) => {
      this.#leave(connecting);
      throw new Error(`Cannot connect to ${formatHostPort(target)}: ${systemReason(error)}`, { cause: error });
    });
  }

  #enter(connecting: Connecting): void {
    this.#dueAt.set(connecting, performance.now() + this.#timeoutMs);
    this.#timer ??= setTimeout(() => this.#giveUpLate(), this.#timeoutMs);
    if (this.#signal.aborted) connecting.giveUp(this.#signal.reason);
  }

  #leave(connecting: Connecting): void {
    this.#dueAt.delete(connecting);
    if (this.#dueAt.size > 0) return;
    clearTimeout(this.#timer);
    this.#timer = undefined;
  }

  #giveUpLate(): void {
    this.#timer = undefined;
    const now = performance.now();
    for (const [connecting, dueAt] of this.#dueAt) {
      if (dueAt > now) {
        this.#timer = setTimeout(() => this.#giveUpLate(), dueAt - now);
        return;
      }
      connecting.giveUp(new Error(`no connection within ${this.#timeoutMs} ms`));
    }
  }
}

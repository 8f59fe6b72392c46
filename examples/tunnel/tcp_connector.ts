import { formatHostPort, type HostPort } from "./host_port.ts";
import { systemReason } from "./system_error.ts";
import { beginToConnect } from "./tcp.ts";
import type { Connecting, TcpSocket } from "./tcp_socket.ts";

/** Connects to targets, each within the same time: one timer and one listener to the signal serve all that are under way. */
export class TcpConnector {
  readonly #timeoutMs: number;
  readonly #signal: AbortSignal;
  /** When those under way have to be there, the first of them first. */
  readonly #dueAt = new Map<Connecting, number>();
  #timer: ReturnType<typeof setTimeout> | undefined;

  /** @param signal Gives up all that are under way, and those to come. */
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
   * @throws {Error} It cannot be reached in time, or was given up; the message says why.
   */
  async connect(target: HostPort): Promise<TcpSocket> {
    const connecting = beginToConnect(target);
    this.#enter(connecting);
    try {
      return await connecting.promise;
    } catch (error) {
      throw new Error(`Cannot connect to ${formatHostPort(target)}: ${systemReason(error)}`, { cause: error });
    } finally {
      this.#leave(connecting);
    }
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

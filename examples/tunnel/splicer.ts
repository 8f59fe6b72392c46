import { ConnectionResetError, type PoolConnection } from "@npws/pool";
import { relay } from "@npws/pool/relay";
import type { HostPort } from "./host_port.ts";
import { CONNECT_TIMEOUT_MS } from "./limits.ts";
import type { Log } from "./log.ts";
import { TcpConnector } from "./tcp_connector.ts";
import type { TcpSocket } from "./tcp_socket.ts";

/** Joins TCP connections with streams. */
export class Splicer {
  readonly log: Log;
  readonly #late = new AbortController();
  readonly #abort: AbortSignal;
  readonly #connector: TcpConnector;
  /** How many are joined or about to be. */
  #joined = 0;
  #onNone: (() => void) | undefined;

  /** @param abort Breaks everything that is joined. */
  constructor(log: Log, abort: AbortSignal) {
    this.log = log;
    this.#abort = AbortSignal.any([abort, this.#late.signal]);
    this.#connector = new TcpConnector(CONNECT_TIMEOUT_MS, this.#abort);
  }

  /**
   * Connects to a target and joins it with a stream.
   *
   * @param describe Says what is joined, for the log.
   * @throws {Error} The target cannot be reached.
   */
  async joinTarget(target: HostPort, connection: PoolConnection, describe: () => string): Promise<void> {
    this.#joined++;
    try {
      const socket = await this.#connector.connect(target);
      await this.join(socket, connection, describe);
    } finally {
      this.#left();
    }
  }

  /**
   * Joins the two until both have ended; whatever breaks one resets the other. Never rejects.
   *
   * @param describe Says what is joined, for the log; called before anything moves.
   * @returns Why the other end of the tunnel could not connect, if that is what broke it.
   */
  async join(socket: TcpSocket, connection: PoolConnection, describe: () => string): Promise<string | undefined> {
    const name = this.log.isVerbose ? describe() : "";
    this.log.debug(() => `Opened ${name}`);
    this.#joined++;
    try {
      const { aToB, bToA } = await relay(socket, connection, { signal: this.#abort });
      this.log.debug(() => `Closed ${name}: ${aToB} bytes in, ${bToA} bytes out`);
    } catch (error) {
      this.log.debug(() => `Aborted ${name}: ${(error as Error).message}`);
      if (error instanceof ConnectionResetError && error.reason !== "") return error.reason;
    } finally {
      this.#left();
    }
  }

  /** Resolves when all have ended; breaks those that take longer than `ms`. Nothing new may be joined in the meantime. */
  async drain(ms: number): Promise<void> {
    if (this.#joined === 0) return;
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#onNone = resolve;
    const timer = setTimeout(() => this.#late.abort(new Error("the drain time is over")), ms);
    await promise;
    clearTimeout(timer);
  }

  #left(): void {
    if (--this.#joined === 0) this.#onNone?.();
  }
}

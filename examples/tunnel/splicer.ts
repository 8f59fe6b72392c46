import { ConnectionResetError, type PoolConnection } from "@npws/pool";
import { relay } from "@npws/pool/relay";
import type { HostPort } from "./host_port.ts";
import { KeepAlive } from "./keep_alive.ts";
import { CONNECT_TIMEOUT_MS } from "./limits.ts";
import type { Log } from "./log.ts";
import { TcpConnector } from "./tcp_connector.ts";
import type { TcpSocket } from "./tcp_socket.ts";

/** In milliseconds. */
interface SplicerTimes {
  /** How long connecting to a target may take, and up to a sweep longer. */
  readonly connectMs: number;
  /** How often the splicer looks for attempts to connect that have taken too long, and turns keep-alive on. */
  readonly sweepMs: number;
}

const TIMES: SplicerTimes = { connectMs: CONNECT_TIMEOUT_MS, sweepMs: 1_000 };

/** Joins TCP connections with streams. */
export class Splicer {
  readonly log: Log;
  /**
   * Breaks everything that is joined. Its own, and not AbortSignal.any() with the drain time, because each relay listens to it:
   * on Deno 2.9.6 that takes three times as long with a combined signal.
   */
  readonly #abort = new AbortController();
  readonly #connector: TcpConnector;
  readonly #keepAlive = new KeepAlive();
  readonly #sweepMs: number;
  /**
   * Runs while anything is joined, and up to a sweep longer: a timer for each connection would delay its first byte by a tenth
   * (Deno 2.9.6, one by one).
   */
  #timer: ReturnType<typeof setInterval> | undefined;
  /** How many are joined or about to be. */
  #joined = 0;
  #onNone: (() => void) | undefined;

  /** @param abort Breaks everything that is joined. */
  constructor(log: Log, abort: AbortSignal, { connectMs, sweepMs }: SplicerTimes = TIMES) {
    this.log = log;
    this.#sweepMs = sweepMs;
    if (abort.aborted) this.#abort.abort(abort.reason);
    abort.addEventListener("abort", () => this.#abort.abort(abort.reason));
    this.#connector = new TcpConnector(connectMs, this.#abort.signal);
  }

  /**
   * Connects to a target and joins it with a stream; resolves when they are joined.
   *
   * @param describe Says what is joined, for the log.
   * @throws {Error} The target cannot be reached.
   */
  async joinTarget(target: HostPort, connection: PoolConnection, describe: () => string): Promise<void> {
    this.#entered();
    try {
      this.join(await this.#connector.connect(target), connection, describe);
    } finally {
      this.#left();
    }
  }

  /**
   * Joins the two; whatever breaks one resets the other. Resolves when both have ended. Never rejects, so nobody needs to wait:
   * each caller that did would keep half a kilobyte for every open connection.
   *
   * @param describe Says what is joined, for the log; called before anything moves.
   * @param peer Who is at the other end of the tunnel, for the warning that it could not connect; without it there is none.
   */
  join(socket: TcpSocket, connection: PoolConnection, describe: () => string, peer?: string): Promise<void> {
    const name = this.log.isVerbose ? describe() : "";
    this.log.debug(() => `Opened ${name}`);
    this.#entered();
    const place = this.#keepAlive.enter(socket);
    // Not awaited: an async function keeps what it was given, the connection and half a kilobyte of its own, until it is over.
    return relay(socket, connection, { signal: this.#abort.signal }).then(({ aToB, bToA }) => {
      this.#ended(place);
      this.log.debug(() => `Closed ${name}: ${aToB} bytes in, ${bToA} bytes out`);
    }, (error: Error) => {
      this.#ended(place);
      this.log.debug(() => `Aborted ${name}: ${error.message}`);
      if (peer && error instanceof ConnectionResetError && error.reason !== "") {
        this.log.warn(`${peer}: ${error.reason}`);
      }
    });
  }

  /** Resolves when all have ended; breaks those that take longer than `ms`. Nothing new may be joined from here on. */
  async drain(ms: number): Promise<void> {
    if (this.#joined > 0) {
      const { promise, resolve } = Promise.withResolvers<void>();
      this.#onNone = resolve;
      const timer = setTimeout(() => this.#abort.abort(new Error("the drain time is over")), ms);
      await promise;
      clearTimeout(timer);
    }
    this.#stopSweeping();
  }

  #entered(): void {
    this.#joined++;
    this.#timer ??= setInterval(() => this.#sweep(), this.#sweepMs);
  }

  /** What had this place is no longer joined. */
  #ended(place: number): void {
    this.#keepAlive.leave(place);
    this.#left();
  }

  #left(): void {
    if (--this.#joined === 0) this.#onNone?.();
  }

  #sweep(): void {
    this.#connector.giveUpLate();
    this.#keepAlive.turnOn();
    if (this.#joined === 0) this.#stopSweeping();
  }

  #stopSweeping(): void {
    clearInterval(this.#timer);
    this.#timer = undefined;
  }
}

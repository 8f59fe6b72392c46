import type { PoolStats } from "./stats.ts";

/**
 * The base class of all errors of this module, and the class of those that need none of their own, such as a failed dial.
 *
 * @example
 * ```ts
 * import { PoolError, PoolTimeoutError } from "@npws/pool";
 *
 * const error: unknown = new PoolError("Cannot dial ws://127.0.0.1:1: connection refused");
 * if (error instanceof PoolError && !(error instanceof PoolTimeoutError)) console.log(error.message);
 * ```
 */
export class PoolError extends Error {
  /** Creates the error with its message, and the underlying error as `cause`. */
  constructor(message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = new.target.name;
  }
}

/**
 * The pool is closed, or was closed while the call waited.
 *
 * @example
 * ```ts
 * import { PoolClosedError, ServerPool } from "@npws/pool";
 *
 * const pool = new ServerPool();
 * await pool.close();
 * const error: unknown = await pool.incomingGet().catch((error) => error);
 * console.log(error instanceof PoolClosedError); // true
 * ```
 */
export class PoolClosedError extends PoolError {}

/**
 * No link became available before the deadline. The message says what was waited for and the state of the pool.
 *
 * @example
 * ```ts
 * import { PoolTimeoutError, ServerPool } from "@npws/pool";
 *
 * await using pool = new ServerPool();
 * const error: unknown = await pool.incomingGet({ timeoutMs: 0 }).catch((error) => error);
 * if (error instanceof PoolTimeoutError) console.log(error.message, error.waitedMs, error.stats.idle, error.cause);
 * ```
 */
export class PoolTimeoutError extends PoolError {
  /** How long the call waited, in milliseconds. */
  readonly waitedMs: number;
  /** The pool's statistics at the moment the deadline passed. */
  readonly stats: PoolStats;

  /** Creates the error; `options.cause` is the last dial failure, if there was one. */
  constructor(message: string, waitedMs: number, stats: PoolStats, options?: ErrorOptions) {
    super(message, options);
    this.waitedMs = waitedMs;
    this.stats = stats;
  }
}

/**
 * As many calls are waiting already as `maxWaiters` allows.
 *
 * @example
 * ```ts
 * import { PoolExhaustedError, ServerPool } from "@npws/pool";
 *
 * await using pool = new ServerPool({ maxWaiters: 1 });
 * const first = pool.incomingGet({ timeoutMs: 10 }).catch(() => {});
 * const error: unknown = await pool.incomingGet().catch((error) => error);
 * console.log(error instanceof PoolExhaustedError); // true
 * await first;
 * ```
 */
export class PoolExhaustedError extends PoolError {}

/**
 * The link under a connection broke: its socket was lost, or the peer closed it with a code other than 1000 or 1001, or with
 * any code before everything was written (npws/1).
 *
 * @example
 * ```ts
 * import { ConnectionLostError, type PoolConnection } from "@npws/pool";
 *
 * /** Whether a connection ended because its link broke. *\/
 * export async function wasLost({ closed }: PoolConnection): Promise<boolean> {
 *   return await closed.then(() => false, (error) => error instanceof ConnectionLostError);
 * }
 * ```
 */
export class ConnectionLostError extends PoolError {
  /** The WebSocket close code (RFC 6455 section 7.4); 1006 when the socket was lost without a close frame. */
  readonly code: number;
  /** The reason given with the close code, often empty: the peer's own words, unchanged. */
  readonly reason: string;

  /** Creates the error with the close code and reason. */
  constructor(message: string, code: number, reason: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
    this.reason = reason;
  }
}

/**
 * The peer gave up one direction of the stream (npws/2 `reset` and `stop`), or this side did: by an `abort()` without a reason, by
 * `close()` when its time was over, or by a write after `close()`.
 *
 * @example
 * ```ts
 * import { ConnectionResetError, type PoolConnection } from "@npws/pool";
 *
 * /** The peer's reason for giving a stream up; undefined if it did not. *\/
 * export async function reasonOf({ closed }: PoolConnection): Promise<string | undefined> {
 *   return await closed.then(() => undefined, (error) => error instanceof ConnectionResetError ? error.reason : undefined);
 * }
 * ```
 */
export class ConnectionResetError extends PoolError {
  /** 0 given up, 1 application error, 2 never fetched, 3 pool closed. */
  readonly code: number;
  /** The text that the peer sent with the code, often empty: its own words, unchanged. */
  readonly reason: string;

  /** Creates the error with the peer's code and reason. */
  constructor(message: string, code: number, reason: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
    this.reason = reason;
  }
}

/**
 * The peer violated the protocol. Its link was closed; no other link is affected.
 *
 * @example
 * ```ts
 * import { type PoolConnection, ProtocolError } from "@npws/pool";
 *
 * /** Reports a peer that breaks the protocol. *\/
 * export function watch({ peer, closed }: PoolConnection): void {
 *   closed.catch((error) => {
 *     if (error instanceof ProtocolError) console.warn(`${peer}: ${error.message}`);
 *   });
 * }
 * ```
 */
export class ProtocolError extends PoolError {}

/**
 * What was requested is not available on this runtime, or not with the connected peers.
 *
 * @example
 * ```ts
 * import { NotSupportedError, ServerPool } from "@npws/pool";
 *
 * await using pool = new ServerPool({ protocol: 1 });
 * const error: unknown = await pool.open().catch((error) => error);
 * console.log(error instanceof NotSupportedError); // true: npws/1 has no open()
 * ```
 */
export class NotSupportedError extends PoolError {}

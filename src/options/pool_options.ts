import { MAX_WINDOW_BYTES, MIN_WINDOW_BYTES } from "../link/hello.ts";
import type { OptionNames, OptionReader } from "./option_reader.ts";

/**
 * Options common to both pools.
 *
 * @example
 * ```ts
 * import type { PoolOptions } from "@npws/pool";
 *
 * const shared: PoolOptions = { getTimeoutMs: 5_000, maxWaiters: 1_000 };
 * console.log(shared.getTimeoutMs);
 * ```
 */
export interface PoolOptions {
  /**
   * The protocol to speak: "auto" uses npws/2 with peers that know it and npws/1 with all others, 1 uses npws/1 only, 2 refuses
   * peers that know only npws/1.
   *
   * @default "auto"
   */
  protocol?: "auto" | 1 | 2;
  /**
   * How many bytes a stream buffers for a reader that does not read, at the start of a link (npws/2): 1,024 to 16,777,216.
   *
   * @default 262144
   */
  windowBytes?: number;
  /**
   * How far a link's window may grow while it is what limits a stream, in bytes (npws/2): from `windowBytes`, which keeps it
   * fixed, to 16,777,216.
   *
   * @default 4194304
   */
  maxWindowBytes?: number;
  /**
   * How many bytes are held for a reader that does not read, on npws/1 where the runtime cannot pause the socket; a link that
   * receives more fails. Also how many bytes all closed links together may keep for calls yet to come, on both protocols; the
   * excess is dropped. 1 to 1,073,741,824.
   *
   * @default 16777216
   */
  receiveLimitBytes?: number;
  /**
   * After how many milliseconds of silence a link is asked for a proof of life; 0 disables this.
   *
   * @default 30000
   */
  keepAliveMs?: number;
  /**
   * npws/2: how many more milliseconds a silent link gets before it is dropped; at least 1.
   *
   * @default 10000
   */
  heartbeatTimeoutMs?: number;
  /**
   * How many milliseconds a call waits for a link unless it sets its own timeout: 0 takes only what needs no round trip,
   * Infinity waits forever.
   *
   * @default 30000
   */
  getTimeoutMs?: number;
  /**
   * How many calls may wait at a time: 1 to 1,000,000. Any further call rejects with `PoolExhaustedError`.
   *
   * @default 10000
   */
  maxWaiters?: number;
  /**
   * How many streams opened by the peer are kept until `accept()` takes them (npws/2): 1 to 1,000,000.
   *
   * @default 128
   */
  acceptBacklog?: number;
}

/** The shared options, checked and complete. */
export type PoolSettings = Readonly<Required<PoolOptions>>;

/** The names of the shared options. */
export const POOL_OPTION_NAMES: OptionNames<PoolOptions> = {
  protocol: true,
  windowBytes: true,
  maxWindowBytes: true,
  receiveLimitBytes: true,
  keepAliveMs: true,
  heartbeatTimeoutMs: true,
  getTimeoutMs: true,
  maxWaiters: true,
  acceptBacklog: true,
};

/** The upper limit for anything counted one by one: links, callers, streams. */
export const MAX_COUNT = 1_000_000;

const KIB = 1_024;
const MIB = 1_024 * KIB;
const GIB = 1_024 * MIB;

/** Reads the shared options. */
export function readPoolOptions(reader: OptionReader): PoolSettings {
  const bounds = { min: MIN_WINDOW_BYTES, max: MAX_WINDOW_BYTES };
  const windowBytes = reader.integer("windowBytes", { ...bounds, default: 256 * KIB });
  const maxWindowBytes = reader.integer("maxWindowBytes", { ...bounds, default: 4 * MIB });
  reader.ascending("windowBytes", windowBytes, "maxWindowBytes", maxWindowBytes);
  return {
    protocol: readProtocol(reader),
    windowBytes,
    maxWindowBytes,
    receiveLimitBytes: reader.integer("receiveLimitBytes", { min: 1, max: GIB, default: 16 * MIB }),
    keepAliveMs: reader.durationMs("keepAliveMs", { min: 0, default: 30_000 }),
    heartbeatTimeoutMs: reader.durationMs("heartbeatTimeoutMs", { min: 1, default: 10_000 }),
    getTimeoutMs: reader.durationMs("getTimeoutMs", { min: 0, orInfinity: true, default: 30_000 }),
    maxWaiters: reader.integer("maxWaiters", { min: 1, max: MAX_COUNT, default: 10_000 }),
    acceptBacklog: reader.integer("acceptBacklog", { min: 1, max: MAX_COUNT, default: 128 }),
  };
}

function readProtocol(reader: OptionReader): "auto" | 1 | 2 {
  const protocol = reader.value("protocol");
  if (protocol === undefined) return "auto";
  if (protocol === "auto" || protocol === 1 || protocol === 2) return protocol;
  throw reader.wrong("protocol", '"auto", 1 or 2');
}

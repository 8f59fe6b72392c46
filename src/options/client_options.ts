import type { DialOptions, WebSocketConstructor } from "../runtime/runtime.ts";
import { type ClientTlsOptions, readClientTls } from "./client_tls.ts";
import { dialUrl, readDialTarget } from "./dial_target.ts";
import { type OptionNames, OptionReader } from "./option_reader.ts";
import { readPeerName } from "./peer_name.ts";
import { MAX_COUNT, POOL_OPTION_NAMES, type PoolOptions, type PoolSettings, readPoolOptions } from "./pool_options.ts";
import { readRequestHeaders } from "./request_headers.ts";

/** The shortest pause after a failed dial, in milliseconds. */
export const MIN_BACKOFF_MS = 50;

/**
 * Options of a `ClientPool`; all but `url` are optional.
 *
 * @example
 * ```ts
 * import type { ClientPoolOptions } from "@npws/pool";
 *
 * const options: ClientPoolOptions = { url: "wss://pool.example.com/links", minCapacity: 4, maxCapacity: 64 };
 * console.log(options.url);
 * ```
 */
export interface ClientPoolOptions extends PoolOptions {
  /**
   * The server: "wss://host:port/path", "ws://…", or bare "host:port". No credentials (use `token` or `headers`) and no
   * fragment.
   */
  url: string;
  /**
   * The smallest number of idle links that the pool aims for: 1 to 1,000,000.
   *
   * @default 1
   */
  minCapacity?: number;
  /**
   * The largest number of idle links that the pool aims for: `minCapacity` to 1,000,000.
   *
   * @default the greater of minCapacity and 16
   */
  maxCapacity?: number;
  /**
   * The shortest interval between two cycles of dialing, in milliseconds; at least 1.
   *
   * @default 500
   */
  minIntervalMs?: number;
  /**
   * The longest interval between two cycles of dialing, in milliseconds; at least `minIntervalMs`.
   *
   * @default 5000
   */
  maxIntervalMs?: number;
  /**
   * TLS: "off", "self-signed" (any certificate), "verified", or an object with further settings. It must not contradict the
   * scheme of `url`.
   *
   * @default "off" for ws://, "verified" for wss:// and a bare address
   */
  tls?: "off" | "self-signed" | "verified" | ClientTlsOptions;
  /**
   * Headers of the upgrade request. Not allowed are those that the handshake itself sets (Host, Connection, Upgrade,
   * Sec-WebSocket-…), or that describe a body or a single connection (Content-Length, Transfer-Encoding, Keep-Alive, …).
   */
  headers?: Headers | Record<string, string> | Iterable<string[]>;
  /** Sent as `Authorization: Bearer …`: printable ASCII without spaces. Cannot be combined with an Authorization header. */
  token?: string;
  /** The name by which the server can ask for links of this client (npws/2): 1 to 64 characters of `A-Z a-z 0-9 . _ -`. */
  name?: string;
  /**
   * The constructor to dial with; it must have the web-standard WebSocket interface.
   *
   * @default the global one on Bun; none on Deno, where the pool speaks WebSocket (RFC 6455) over node:net
   */
  WebSocket?: WebSocketConstructor;
  /**
   * How many milliseconds a dial may take until its link is idle; at least 1.
   *
   * @default 10000
   */
  dialTimeoutMs?: number;
  /**
   * How many dials may be under way at a time: 1 to 1,000,000.
   *
   * @default 16
   */
  dialConcurrency?: number;
  /**
   * The longest pause between dials while they fail, in milliseconds; at least 50. While a call waits, including a loop over
   * `accepted()` or `incoming()`, no pause is longer than 1 s.
   *
   * @default 5000
   */
  maxBackoffMs?: number;
  /**
   * The age at which an idle link is replaced, in milliseconds, ±10 % for each link; 0 disables this.
   *
   * @default 1800000
   */
  maxLinkAgeMs?: number;
  /**
   * How many streams a link carries before it is replaced (npws/2): at least 1, or Infinity.
   *
   * @default Infinity
   */
  maxStreamsPerLink?: number;
}

/** The options of a `ClientPool`, checked and complete. */
export interface ClientSettings extends PoolSettings {
  readonly dial: Readonly<DialOptions>;
  readonly minCapacity: number;
  readonly maxCapacity: number;
  readonly minIntervalMs: number;
  readonly maxIntervalMs: number;
  readonly name: string | undefined;
  readonly dialTimeoutMs: number;
  readonly dialConcurrency: number;
  readonly maxBackoffMs: number;
  readonly maxLinkAgeMs: number;
  readonly maxStreamsPerLink: number;
}

/** The names of all options of a client pool. */
export const CLIENT_OPTION_NAMES: OptionNames<ClientPoolOptions> = {
  ...POOL_OPTION_NAMES,
  url: true,
  minCapacity: true,
  maxCapacity: true,
  minIntervalMs: true,
  maxIntervalMs: true,
  tls: true,
  headers: true,
  token: true,
  name: true,
  WebSocket: true,
  dialTimeoutMs: true,
  dialConcurrency: true,
  maxBackoffMs: true,
  maxLinkAgeMs: true,
  maxStreamsPerLink: true,
};

/**
 * Checks the options of a `ClientPool` and fills in the defaults.
 *
 * @throws {TypeError} A wrong type, an unknown option, or two that contradict each other.
 * @throws {RangeError} A number out of range, or a minimum above its maximum.
 */
export function clientSettings(options: ClientPoolOptions): ClientSettings {
  const reader = new OptionReader("create ClientPool", options, CLIENT_OPTION_NAMES);
  return Object.freeze({
    dial: readDial(reader),
    ...readPoolOptions(reader),
    ...readCapacity(reader),
    ...readInterval(reader),
    name: readPeerName(reader, "name"),
    dialTimeoutMs: reader.durationMs("dialTimeoutMs", { min: 1, default: 10_000 }),
    dialConcurrency: reader.integer("dialConcurrency", { min: 1, max: MAX_COUNT, default: 16 }),
    maxBackoffMs: reader.durationMs("maxBackoffMs", { min: MIN_BACKOFF_MS, default: 5_000 }),
    maxLinkAgeMs: reader.durationMs("maxLinkAgeMs", { min: 0, default: 1_800_000 }),
    maxStreamsPerLink: reader.integer("maxStreamsPerLink", { min: 1, orInfinity: true, default: Infinity }),
  });
}

function readDial(reader: OptionReader): Readonly<DialOptions> {
  const target = readDialTarget(reader);
  const tls = readClientTls(reader, target);
  return Object.freeze({
    url: dialUrl(target, tls ? "wss" : "ws"),
    headers: readRequestHeaders(reader),
    tls,
    WebSocket: reader.callable<WebSocketConstructor>("WebSocket"),
  });
}

function readCapacity(reader: OptionReader): { minCapacity: number; maxCapacity: number } {
  const minCapacity = reader.integer("minCapacity", { min: 1, max: MAX_COUNT, default: 1 });
  const maxCapacity = reader.integer("maxCapacity", { min: 1, max: MAX_COUNT, default: Math.max(minCapacity, 16) });
  reader.ascending("minCapacity", minCapacity, "maxCapacity", maxCapacity);
  return { minCapacity, maxCapacity };
}

function readInterval(reader: OptionReader): { minIntervalMs: number; maxIntervalMs: number } {
  const minIntervalMs = reader.durationMs("minIntervalMs", { min: 1, default: 500 });
  const maxIntervalMs = reader.durationMs("maxIntervalMs", { min: 1, default: 5_000 });
  reader.ascending("minIntervalMs", minIntervalMs, "maxIntervalMs", maxIntervalMs);
  return { minIntervalMs, maxIntervalMs };
}

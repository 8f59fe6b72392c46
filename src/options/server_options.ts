import { AddressList } from "../admission/address_list.ts";
import type { TokenList } from "../admission/admission.ts";
import { MAX_UNFINISHED_BYTES } from "../link/control.ts";
import { canonicalAddress } from "../runtime/address.ts";
import type { ServeOptions, ServeTls } from "../runtime/runtime.ts";
import type { NetAddress } from "../runtime/socket.ts";
import { readAddresses, readOrigins, readTokens } from "./admission_options.ts";
import { type OptionNames, OptionReader } from "./option_reader.ts";
import { readCertificates, readPrivateKey } from "./pem.ts";
import { MAX_COUNT, POOL_OPTION_NAMES, type PoolOptions, type PoolSettings, readPoolOptions } from "./pool_options.ts";

/**
 * Options of a `ServerPool`; all are optional.
 *
 * @example
 * ```ts
 * import type { ServerPoolOptions } from "@npws/pool";
 *
 * const options: ServerPoolOptions = { hostname: "127.0.0.1", port: 8080, allow: ["127.0.0.1", "10.0.0.0/8"] };
 * console.log(options.port);
 * ```
 */
export interface ServerPoolOptions extends PoolOptions {
  /**
   * The address to listen on: an IP address (IPv6 without brackets) or a name.
   *
   * @default "0.0.0.0"
   */
  hostname?: string;
  /**
   * The port to listen on: 0 to 65,535, 0 for any free one.
   *
   * @default 0
   */
  port?: number;
  /**
   * The only path on which links are accepted, as it appears in a URL: "/links".
   *
   * @default any path
   */
  path?: string;
  /**
   * The maximum number of idle links: 1 to 1,000,000.
   *
   * @default 100
   */
  maxCapacity?: number;
  /**
   * The maximum number of links, idle and in use together: 1 to 1,000,000, or Infinity.
   *
   * @default Infinity
   */
  maxLinks?: number;
  /**
   * Who may connect: IP addresses and CIDR ranges. IPv4-mapped IPv6 addresses count as IPv4, so "::/0" covers IPv6 only.
   *
   * @default everyone
   */
  allow?: string | string[];
  /**
   * Proxies whose X-Forwarded-For is trusted: IP addresses and CIDR ranges. The client's address is then the rightmost one that
   * is not a trusted proxy; an entry that is not an address makes it unknown, and `allow` refuses unknown addresses.
   *
   * @default none
   */
  trustedProxies?: string | string[];
  /** TLS of the listener. Without it the pool listens in plain text. */
  tls?: ServerTlsOptions;
  /** The accepted bearer tokens, printable ASCII without spaces. A request without one of them is refused with 401. */
  token?: string | string[];
  /**
   * Origins of web pages that may connect, written as browsers send them: "https://example.com". A request with any other
   * Origin is refused with 403.
   *
   * @default none
   */
  origins?: string[];
  /**
   * Called last, before the upgrade: anything but true, or an error, refuses the request with 401. `remoteAddress` is the
   * address that `allow` was checked against: undefined if unknown, with port 0 if a proxy reported it.
   */
  authorize?: (request: Request, info: { remoteAddress: NetAddress | undefined }) => boolean | Promise<boolean>;
}

/**
 * TLS of a listener, as PEM texts.
 *
 * @example
 * ```ts
 * import { readFile } from "node:fs/promises";
 * import type { ServerTlsOptions } from "@npws/pool";
 *
 * async function loadTls(): Promise<ServerTlsOptions> {
 *   return { cert: await readFile("cert.pem", "utf8"), key: await readFile("key.pem", "utf8") };
 * }
 * console.log(typeof loadTls);
 * ```
 */
export interface ServerTlsOptions {
  /** The certificate with its chain, PEM. */
  cert: string;
  /** The private key of `cert`, PEM, not encrypted. */
  key: string;
  /** The authorities that sign client certificates, PEM; only together with `requireClientCertificate: true`. */
  ca?: string;
  /**
   * Refuses clients without a certificate signed by `ca`.
   *
   * @default false
   */
  requireClientCertificate?: boolean;
}

/** The options of a `ServerPool`, checked and complete. */
export interface ServerSettings extends PoolSettings {
  readonly listen: Readonly<ServeOptions>;
  /** Undefined: any path. */
  readonly path: string | undefined;
  readonly maxCapacity: number;
  readonly maxLinks: number;
  /** Undefined: everyone. */
  readonly allow: AddressList | undefined;
  readonly trustedProxies: AddressList;
  /** Undefined: no token is required. */
  readonly tokens: TokenList | undefined;
  readonly origins: readonly string[];
  readonly authorize: ServerPoolOptions["authorize"];
}

/** The names of all options of a server pool. */
export const SERVER_OPTION_NAMES: OptionNames<ServerPoolOptions> = {
  ...POOL_OPTION_NAMES,
  hostname: true,
  port: true,
  path: true,
  maxCapacity: true,
  maxLinks: true,
  allow: true,
  trustedProxies: true,
  tls: true,
  token: true,
  origins: true,
  authorize: true,
};

/** The names of the members of a server's `tls`. */
export const SERVER_TLS_NAMES: OptionNames<ServerTlsOptions> = {
  cert: true,
  key: true,
  ca: true,
  requireClientCertificate: true,
};

/**
 * Checks the options of a `ServerPool` and fills in the defaults.
 *
 * @throws {TypeError} A wrong type, an unknown option, or two that contradict each other.
 * @throws {RangeError} A number out of range, or a minimum above its maximum.
 */
export function serverSettings(options: ServerPoolOptions = {}): ServerSettings {
  const reader = new OptionReader("create ServerPool", options, SERVER_OPTION_NAMES);
  const poolSettings = readPoolOptions(reader);
  return Object.freeze({
    listen: readListen(reader, poolSettings.protocol === 2 ? MAX_UNFINISHED_BYTES : undefined),
    ...poolSettings,
    path: readPath(reader),
    maxCapacity: reader.integer("maxCapacity", { min: 1, max: MAX_COUNT, default: 100 }),
    maxLinks: reader.integer("maxLinks", { min: 1, max: MAX_COUNT, orInfinity: true, default: Infinity }),
    allow: readAddresses(reader, "allow"),
    trustedProxies: readAddresses(reader, "trustedProxies", { orNone: true }) ?? new AddressList([]),
    tokens: readTokens(reader),
    origins: readOrigins(reader),
    authorize: reader.callable<NonNullable<ServerPoolOptions["authorize"]>>("authorize"),
  });
}

function readListen(reader: OptionReader, maxMessageBytes: number | undefined): Readonly<ServeOptions> {
  return Object.freeze({
    hostname: readHostname(reader),
    port: reader.integer("port", { min: 0, max: 65_535, default: 0 }),
    tls: readTls(reader),
    maxMessageBytes,
  });
}

/** A host name with a colon must be an IPv6 address: neither "localhost:8080" nor "[::1]" can be listened on. */
function readHostname(reader: OptionReader): string {
  const must = "an IP address (IPv6 without brackets) or a host name";
  const hostname = reader.text("hostname", /^[^\s/?#@[\]]+$/, must) ?? "0.0.0.0";
  if (hostname.includes(":") && canonicalAddress(hostname) === undefined) throw reader.wrong("hostname", must);
  return hostname;
}

function readTls(options: OptionReader): Readonly<ServeTls> | undefined {
  if (options.value("tls") === undefined) return undefined;
  const reader = options.nested("tls", SERVER_TLS_NAMES);
  const cert = readCertificates(reader, "cert");
  const key = readPrivateKey(reader, "key");
  const ca = readCertificates(reader, "ca");
  const requireClientCertificate = reader.boolean("requireClientCertificate");
  if (cert === undefined) throw reader.wrong("cert", "given together with tls.key");
  if (key === undefined) throw reader.wrong("key", "given together with tls.cert");
  // The system's authorities would admit anyone with a public certificate.
  if (requireClientCertificate && !ca) throw reader.wrong("ca", "given together with tls.requireClientCertificate");
  return Object.freeze({ cert, key, ca, requireClientCertificate });
}

/** A path that a URL would spell differently would never match. */
function readPath(reader: OptionReader): string | undefined {
  const must = `a path as it appears in a URL, starting with "/"`;
  const path = reader.text("path", /^\//, must);
  if (path !== undefined && new URL(`http://host${path}`).pathname !== path) throw reader.wrong("path", must);
  return path;
}

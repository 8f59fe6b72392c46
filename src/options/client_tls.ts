import { describe } from "../describe.ts";
import type { DialTls } from "../runtime/runtime.ts";
import type { DialTarget } from "./dial_target.ts";
import type { OptionNames, OptionReader } from "./option_reader.ts";
import { checkCertificates, readCertificates, readPrivateKey } from "./pem.ts";

/**
 * TLS settings of a client, for cases that the mode alone does not cover.
 *
 * @example
 * ```ts
 * import type { ClientTlsOptions } from "@npws/pool";
 *
 * const tls: ClientTlsOptions = { mode: "self-signed", pinSha256: "ab".repeat(32) };
 * console.log(tls.mode);
 * ```
 */
export interface ClientTlsOptions {
  /** "verified" checks the certificate's chain and name; "self-signed" accepts any certificate (that matches the pin). */
  mode: "self-signed" | "verified";
  /** Certificates to trust instead of the system's, PEM. Only with mode "verified". */
  caCerts?: string[];
  /** The client's certificate with its chain, PEM. Needs `key`. */
  cert?: string;
  /** The private key of `cert`, PEM, not encrypted. */
  key?: string;
  /**
   * The name to send (SNI) and to check the certificate against.
   *
   * @default the host of `url`
   */
  serverName?: string;
  /** SHA-256 of the accepted certificates (DER): 64 hex digits each, colons allowed. */
  pinSha256?: string | string[];
}

/** The names of the members of a client's `tls`. */
export const CLIENT_TLS_NAMES: OptionNames<ClientTlsOptions> = {
  mode: true,
  caCerts: true,
  cert: true,
  key: true,
  serverName: true,
  pinSha256: true,
};

/** The codes of the Go package's `tlsCode`, for users who come from there. */
const GO_CODES: Readonly<Record<string, string>> = { "0": "off", "1": "self-signed", "2": "verified" };

/** Reads the option `tls`, which also decides the scheme of a bare address. */
export function readClientTls(reader: OptionReader, { scheme }: DialTarget): DialTls | undefined {
  const given = reader.value("tls");
  const value = given === undefined ? (scheme === "ws" ? "off" : "verified") : given;
  if (value === "off") {
    if (scheme === "wss") throw reader.wrong("tls", `"self-signed", "verified" or an object for a wss:// url`);
    return undefined;
  }
  if (scheme === "ws") throw reader.wrong("tls", `"off" for a ws:// url`);
  if (value === "self-signed" || value === "verified") return Object.freeze({ mode: value });
  if (typeof value === "object") return readMembers(reader.nested("tls", CLIENT_TLS_NAMES));
  const goCode = GO_CODES[String(value)];
  const hint = goCode === undefined ? "" : ` (Go's code for "${goCode}")`;
  throw reader.unfit("tls", `"off", "self-signed", "verified" or an object`, `${describe(value)}${hint}`);
}

function readMembers(reader: OptionReader): DialTls {
  const mode = reader.value("mode");
  if (mode !== "self-signed" && mode !== "verified") throw reader.wrong("mode", `"self-signed" or "verified"`);
  const caCerts = readCaCerts(reader);
  if (caCerts && mode === "self-signed") {
    throw new TypeError(
      reader.message(`tls.caCerts cannot be combined with tls.mode "self-signed", which accepts any certificate`),
    );
  }
  const cert = readCertificates(reader, "cert");
  const key = readPrivateKey(reader, "key");
  if (cert && !key) throw reader.wrong("key", "given together with tls.cert");
  if (key && !cert) throw reader.wrong("cert", "given together with tls.key");
  return Object.freeze({
    mode,
    caCerts,
    cert,
    key,
    serverName: reader.text("serverName", HOST_NAME, "a host name"),
    pinSha256: readPins(reader),
  });
}

function readCaCerts(reader: OptionReader): readonly string[] | undefined {
  const must = "a non-empty list of PEM texts";
  const texts = reader.texts("caCerts", must);
  return texts && Object.freeze(texts.map((text) => checkCertificates(reader, "caCerts", text)));
}

function readPins(reader: OptionReader): readonly string[] | undefined {
  const must = "a SHA-256 as 64 hex digits (colons allowed), or a non-empty list of them";
  const pins = reader.texts("pinSha256", must, { orOne: true });
  return pins && Object.freeze(pins.map((pin) => {
    const isPin = /^[0-9a-f]{64}$|^[0-9a-f]{2}(:[0-9a-f]{2}){31}$/i.test(pin);
    if (!isPin) throw reader.wrong("pinSha256", must, pin);
    return pin.replaceAll(":", "").toLowerCase();
  }));
}

/** A DNS name, not an address: SNI cannot carry one (RFC 6066 section 3). */
const HOST_NAME =
  /^(?=.{1,253}$)(?:[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?\.)*(?!\d+$)[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?$/i;

import { describe, withoutSecrets } from "../describe.ts";
import type { OptionReader } from "./option_reader.ts";

/** Where to dial. */
export interface DialTarget {
  /** Undefined for a bare address: `tls` decides. */
  readonly scheme: "ws" | "wss" | undefined;
  /** Everything after "://". */
  readonly rest: string;
}

/**
 * Reads the option `url`: "wss://host:port/path?query", "ws://…", or bare "host:port".
 *
 * @throws {TypeError} Anything else.
 */
export function readDialTarget(reader: OptionReader): DialTarget {
  const url = reader.value("url");
  if (typeof url !== "string") throw reader.wrong("url", FORM);
  const [, scheme, rest] = /^(?:([a-z][a-z0-9+.-]*):\/\/)?(.*)$/is.exec(url)!;
  const target = { scheme: scheme?.toLowerCase() as DialTarget["scheme"], rest };
  const fault = faultOf(target);
  if (fault !== undefined) throw new TypeError(reader.message(`url must ${fault}, got ${describe(shown(url))}`));
  return Object.freeze(target);
}

/** The URL to dial, once the scheme is known. */
export function dialUrl({ rest }: DialTarget, scheme: "ws" | "wss"): string {
  return new URL(`${scheme}://${rest}`).href;
}

const FORM = `"wss://host:port/path", "ws://…" or "host:port"`;

/** What is wrong with a URL, worded to follow "url must"; undefined when it is valid. */
function faultOf({ scheme, rest }: DialTarget): string | undefined {
  if (rest === "" || /[\s\\]/.test(rest)) return `be ${FORM}`;
  if (scheme !== undefined && scheme !== "ws" && scheme !== "wss") return "begin with ws:// or wss://";
  if (rest.includes("#")) return "have no fragment";
  const [, authority, path] = /^([^/?]*)(.*)$/.exec(rest)!;
  // WebSocket clients silently drop credentials.
  if (authority.includes("@")) return "have no credentials (use token or headers)";
  return authorityFault(scheme, authority) ?? pathFault(scheme, path) ??
    (URL.canParse(`ws://${rest}`) ? undefined : `be ${FORM}`);
}

function authorityFault(scheme: DialTarget["scheme"], authority: string): string | undefined {
  const [, host, port] = /^(\[[^\]]*\]|[^:]*)(?::(.*))?$/.exec(authority) ?? [];
  if (!host) return "have a host (an IPv6 address in brackets)";
  if (port === undefined && scheme !== undefined) return undefined;
  const isPort = port !== undefined && /^\d{1,5}$/.test(port) && Number(port) >= 1 && Number(port) <= 65_535;
  return isPort ? undefined : "have a port from 1 to 65535";
}

function pathFault(scheme: DialTarget["scheme"], path: string): string | undefined {
  if (scheme === undefined && path !== "") return "begin with ws:// or wss:// to have a path";
  const query = path.includes("?") ? path.slice(path.indexOf("?")) : "";
  // The pool adds this parameter itself when it offers npws/2.
  return new URLSearchParams(query).has("npws") ? "have no query parameter npws (use protocol)" : undefined;
}

/** An invalid URL as an error shows it, without parts that may be secret. */
function shown(url: string): string {
  return withoutSecrets(url.replace(/^([a-z][a-z0-9+.-]*:\/\/)?.*@/is, "$1…@"));
}

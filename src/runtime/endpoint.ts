import { isIPv4, isIPv6 } from "./ip.ts";
import type { DialOptions } from "./runtime.ts";

/** Where a dial goes. */
export interface Endpoint {
  /** The host of the URL; an IPv6 address has no brackets. */
  host: string;
  port: number;
  /** The name that the certificate must be valid for. */
  certificateName: string;
  /** The name to send as SNI; undefined for an address, which RFC 6066 section 3 does not allow there. */
  serverName: string | undefined;
}

/** Extracts the endpoint from the URL. */
export function endpointOf({ url, tls }: DialOptions): Endpoint {
  const { protocol, hostname, port } = new URL(url);
  const host = hostname.startsWith("[") ? hostname.slice(1, -1) : hostname;
  const certificateName = tls?.serverName ?? host;
  const isAddress = isIPv4(certificateName) || isIPv6(certificateName);
  return {
    host,
    port: port === "" ? (protocol === "wss:" ? 443 : 80) : Number(port),
    certificateName,
    serverName: isAddress ? undefined : certificateName,
  };
}

import { isIPv4, isIPv6 } from "./ip.ts";
import type { NetAddress } from "./socket.ts";

/** An address as this module shows it: without zone, and IPv4-mapped IPv6 as plain IPv4. Undefined without a hostname. */
export function netAddress(hostname: string | undefined, port: number | undefined): NetAddress | undefined {
  if (!hostname) return undefined;
  return { hostname: canonicalAddress(hostname) ?? hostname, port: port ?? 0, transport: "tcp" };
}

/**
 * An address in the one spelling that is compared and shown: without zone, IPv4-mapped as IPv4, IPv6 as in RFC 5952. Undefined
 * for anything that is not an IP address.
 */
export function canonicalAddress(text: string): string | undefined {
  if (isIPv4(text)) return text;
  const bare = text.replace(ZONE, "");
  if (!IPV6_TEXT.test(bare) || !isIPv6(bare)) return undefined;
  const { hostname } = new URL(`http://[${bare}]`); // the URL standard writes it as RFC 5952 does
  const [, high, low] = IPV4_MAPPED.exec(hostname) ?? [];
  return low === undefined ? hostname.slice(1, -1) : [...octets(high!), ...octets(low)].join(".");
}

/** The two bytes of a 16-bit number written in hex. */
function octets(hex: string): [number, number] {
  const bits = parseInt(hex, 16);
  return [bits >> 8, bits & 0xff];
}

/** "%eth0" after an IPv6 address. */
const ZONE = /%[\w.~-]+$/;

/** Excludes IPv4 parts with leading zeros ("::ffff:010.0.0.1"), which some parsers read as octal and others do not. */
const IPV6_TEXT = /^[0-9a-f:]+(:(0|[1-9]\d*)(\.(0|[1-9]\d*)){3})?$/i;

const IPV4_MAPPED = /^\[::ffff:([0-9a-f]{1,4}):([0-9a-f]{1,4})\]$/;

import { BlockList, isIPv4, isIPv6 } from "../runtime/ip.ts";

/** An address, or all addresses that begin with the same bits. */
export interface AddressRange {
  /** As `canonicalAddress` spells it. */
  readonly base: string;
  readonly prefixBits: number;
}

/** IP addresses and ranges to look addresses up in. An IPv4-mapped IPv6 address (::ffff:a.b.c.d) counts as its IPv4 address. */
export class AddressList {
  /** One per family: no IPv4 address is in an IPv6 range, not even in "::/0". */
  readonly #ranges = { ipv4: new BlockList(), ipv6: new BlockList() };

  constructor(ranges: readonly AddressRange[]) {
    for (const { base, prefixBits } of ranges) {
      const family = familyOf(base);
      this.#ranges[family].addSubnet(base, prefixBits, family);
    }
  }

  /** Whether the address is in the list. An unknown one, or one that is not an IP address, is not. */
  has(address: string | undefined): boolean {
    const canonical = address === undefined ? undefined : canonicalAddress(address);
    if (canonical === undefined) return false;
    const family = familyOf(canonical);
    return this.#ranges[family].check(canonical, family);
  }
}

/**
 * Reads "192.0.2.7", "192.0.2.0/24", "2001:db8::1" or "2001:db8::/32"; undefined for anything else. A zone is refused: it
 * would narrow the range in a way that no lookup could honour.
 */
export function parseRange(text: string): AddressRange | undefined {
  const [address, prefix, ...rest] = text.split("/");
  if (rest.length > 0 || address.includes("%")) return undefined;
  const base = canonicalAddress(address);
  if (base === undefined) return undefined;
  const bits = familyOf(base) === "ipv4" ? 32 : 128;
  if (prefix === undefined) return { base, prefixBits: bits };
  if (!/^(0|[1-9]\d{0,2})$/.test(prefix)) return undefined;
  // The prefix of an IPv4-mapped range counts the 96 bits before the IPv4 address.
  const prefixBits = Number(prefix) - (address.includes(":") ? 128 - bits : 0);
  return prefixBits >= 0 && prefixBits <= bits ? { base, prefixBits } : undefined;
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

function familyOf(canonical: string): "ipv4" | "ipv6" {
  return canonical.includes(":") ? "ipv6" : "ipv4";
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

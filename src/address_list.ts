import ipaddr from "ipaddr.js";

type Address = ipaddr.IPv4 | ipaddr.IPv6;

/** An address, or all that begin with the same bits. */
export interface AddressRange {
  readonly base: Address;
  readonly prefixBits: number;
}

/** IP addresses and ranges in which to look addresses up. An IPv4-mapped IPv6 address (::ffff:a.b.c.d) is its IPv4 address. */
export class AddressList {
  readonly #ranges: readonly AddressRange[];

  constructor(ranges: readonly AddressRange[]) {
    this.#ranges = ranges;
  }

  /** Whether the address is in the list. One that is unknown, or no IP address, is not. */
  has(address: string | undefined): boolean {
    const parsed = address === undefined ? undefined : parseAddress(address);
    return parsed !== undefined && this.#ranges.some((range) => isWithin(parsed, range));
  }
}

/**
 * Reads "192.0.2.7", "192.0.2.0/24", "2001:db8::1" or "2001:db8::/32"; undefined for anything else. A zone is refused: it
 * would narrow the range in a way that no lookup could honour.
 */
export function parseRange(text: string): AddressRange | undefined {
  const [address, prefix, ...rest] = text.split("/");
  if (rest.length > 0 || address.includes("%")) return undefined;
  const base = parseAddress(address);
  if (!base) return undefined;
  const bits = base.toByteArray().length * 8;
  if (prefix === undefined) return { base, prefixBits: bits };
  if (!/^(0|[1-9]\d{0,2})$/.test(prefix)) return undefined;
  // The prefix of an IPv4-mapped range counts the 96 bits in front of the IPv4 address.
  const prefixBits = Number(prefix) - (address.includes(":") ? 128 - bits : 0);
  return prefixBits >= 0 && prefixBits <= bits ? { base, prefixBits } : undefined;
}

/**
 * An address in the one spelling that is compared and shown: without zone, IPv4-mapped as IPv4, IPv6 as in RFC 5952.
 * Undefined for anything that is no IP address.
 */
export function canonicalAddress(text: string): string | undefined {
  return parseAddress(text)?.toString();
}

function isWithin(address: Address, { base, prefixBits }: AddressRange): boolean {
  return address.kind() === base.kind() && address.match(base, prefixBits);
}

function parseAddress(text: string): Address | undefined {
  if (ipaddr.IPv4.isValidFourPartDecimal(text)) return ipaddr.IPv4.parse(text);
  const bare = text.replace(ZONE, "");
  if (!IPV6_TEXT.test(bare) || !ipaddr.IPv6.isValid(bare)) return undefined;
  const address = ipaddr.IPv6.parse(bare);
  return address.isIPv4MappedAddress() ? address.toIPv4Address() : address;
}

/** "%eth0" behind an IPv6 address. */
const ZONE = /%[\w.~-]+$/;

/** The parser also takes octal and hexadecimal IPv4 parts ("::ffff:010.0.0.1"), which others read differently. */
const IPV6_TEXT = /^[0-9a-f:]+(:(0|[1-9]\d*)(\.(0|[1-9]\d*)){3})?$/i;

import { canonicalAddress } from "../runtime/address.ts";
import { BlockList } from "../runtime/ip.ts";

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

function familyOf(canonical: string): "ipv4" | "ipv6" {
  return canonical.includes(":") ? "ipv6" : "ipv4";
}

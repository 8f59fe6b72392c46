import { timingSafeEqual } from "@std/crypto/timing-safe-equal";
import { canonicalAddress } from "../runtime/address.ts";
import type { AddressList } from "./address_list.ts";

/**
 * The actual client: the TCP peer or, behind trusted proxies, the rightmost address of X-Forwarded-For that is not one of them.
 * Entries further left were written by the client itself and are never looked at. If all are trusted proxies, the leftmost is
 * where the request came from.
 *
 * Undefined when the client cannot be determined: the peer is unknown, or an entry that must be read is not an address. An
 * address list never contains an unknown address, so `allow` refuses it.
 */
export function clientAddress(
  peerAddress: string | undefined,
  xForwardedFor: string | null,
  trustedProxies: AddressList,
): string | undefined {
  let address = peerAddress === undefined ? undefined : canonicalAddress(peerAddress);
  const entries = xForwardedFor?.trim() ? xForwardedFor.split(",") : [];
  while (address !== undefined && entries.length > 0 && trustedProxies.has(address)) {
    address = forwardedAddress(entries.pop()!.trim());
  }
  return address;
}

/** A browser sends the page's Origin, which must be listed. Other clients send none. */
export function isOriginAllowed(origin: string | null, origins: readonly string[]): boolean {
  return origin === null || origins.includes(origin);
}

/** The bearer tokens (RFC 6750) that a server accepts. */
export class TokenList {
  readonly #tokens: readonly Uint8Array[];
  readonly #isEqual: Comparison;

  /** @param isEqual Compares byte arrays of equal length; only tests pass a different one. */
  constructor(tokens: readonly string[], isEqual: Comparison = timingSafeEqual) {
    this.#tokens = tokens.map((token) => new TextEncoder().encode(token));
    this.#isEqual = isEqual;
  }

  /**
   * Whether the Authorization header has one of the tokens. The time it takes does not reveal how much of a token was right.
   */
  accepts(authorization: string | null): boolean {
    const token = /^Bearer +(\S+)$/i.exec(authorization ?? "")?.[1];
    if (token === undefined) return false;
    const presented = new TextEncoder().encode(token);
    let isAccepted = false;
    // Every token is compared, so that the time does not reveal which one matched either.
    for (const expected of this.#tokens) isAccepted = this.#isSame(presented, expected) || isAccepted;
    return isAccepted;
  }

  /** Compares as many bytes as the expected token has, whatever the length of the presented one. */
  #isSame(presented: Uint8Array, expected: Uint8Array): boolean {
    const candidate = new Uint8Array(expected.length);
    candidate.set(presented.subarray(0, expected.length));
    const isSamePart = this.#isEqual(candidate, expected);
    return isSamePart && presented.length === expected.length;
  }
}

/** Whether two byte arrays are equal. */
type Comparison = (a: Uint8Array, b: Uint8Array) => boolean;

/** An entry of X-Forwarded-For; some proxies add the port: "192.0.2.7:1234", "[2001:db8::1]:1234". */
function forwardedAddress(entry: string): string | undefined {
  const [, bracketed, dotted] = /^\[([^\]]+)\](?::\d{1,5})?$|^([\d.]+):\d{1,5}$/.exec(entry) ?? [];
  return canonicalAddress(bracketed ?? dotted ?? entry);
}

import type { NetAddress } from "./socket.ts";

const MAPPED_DOTTED = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/i;
const MAPPED_HEX = /^::ffff:([0-9a-f]{1,4}):([0-9a-f]{1,4})$/i;

/** An address as this module shows it: without zone, and IPv4-mapped IPv6 as plain IPv4. Undefined without a hostname. */
export function netAddress(hostname: string | undefined, port: number | undefined): NetAddress | undefined {
  if (!hostname) return undefined;
  return { hostname: plainHostname(hostname), port: port ?? 0, transport: "tcp" };
}

function plainHostname(hostname: string): string {
  const withoutZone = hostname.split("%", 1)[0];
  const dotted = MAPPED_DOTTED.exec(withoutZone);
  if (dotted) return dotted[1];
  const hex = MAPPED_HEX.exec(withoutZone);
  return hex ? [...octets(hex[1]), ...octets(hex[2])].join(".") : withoutZone;
}

function octets(group: string): [number, number] {
  const value = parseInt(group, 16);
  return [value >> 8, value & 0xff];
}

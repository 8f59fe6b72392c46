import { X509Certificate } from "node:crypto";
import type { Endpoint } from "./endpoint.ts";
import { connectTls } from "./transport.ts";

export const EXPIRED = "certificate has expired";
export const NOT_YET_VALID = "certificate is not valid yet";
export const SELF_SIGNED = "certificate is self-signed";

/** Fetches a server's certificate over a connection of its own, on which nothing but the TLS handshake is sent. */
export async function fetchPeerCertificate(endpoint: Endpoint, signal: AbortSignal): Promise<X509Certificate> {
  const socket = await connectTls(endpoint, { rejectUnauthorized: false }, signal);
  try {
    return new X509Certificate(socket.getPeerCertificate().raw);
  } finally {
    socket.destroy();
  }
}

/** Why a certificate cannot be trusted, as far as the certificate itself shows. */
export function trustProblem(certificate: X509Certificate, now: number): string | undefined {
  if (now > Date.parse(certificate.validTo)) return EXPIRED;
  if (now < Date.parse(certificate.validFrom)) return NOT_YET_VALID;
  return certificate.issuer === certificate.subject ? SELF_SIGNED : undefined;
}

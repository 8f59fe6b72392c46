import { STATUS_CODES } from "node:http";
import type { PeerCertificate } from "node:tls";
import type { Endpoint } from "./endpoint.ts";
import { EXPIRED, fetchPeerCertificate, NOT_YET_VALID, SELF_SIGNED, trustProblem } from "./peer_certificate.ts";
import { wrongName } from "./tls.ts";

const NO_TLS = "server does not speak TLS";
const UNTRUSTED = "certificate is signed by an authority that is not trusted";

/** The reasons by the codes that the runtimes use, which are those of Node.js and of OpenSSL. */
const REASON_BY_CODE: Readonly<Record<string, string>> = {
  ECONNREFUSED: "connection refused",
  ECONNRESET: "connection closed by the server before the socket was open",
  EPIPE: "connection closed by the server before the socket was open",
  ETIMEDOUT: "connection timed out",
  EHOSTUNREACH: "host unreachable",
  ENETUNREACH: "network unreachable",
  ERR_SSL_WRONG_VERSION_NUMBER: NO_TLS,
  CERT_HAS_EXPIRED: EXPIRED,
  CERT_NOT_YET_VALID: NOT_YET_VALID,
  CERT_REVOKED: "certificate is revoked",
  DEPTH_ZERO_SELF_SIGNED_CERT: SELF_SIGNED,
  CERT_SIGNATURE_FAILURE: UNTRUSTED,
  CERT_UNTRUSTED: UNTRUSTED,
  INVALID_CA: UNTRUSTED,
  SELF_SIGNED_CERT_IN_CHAIN: UNTRUSTED,
  UNABLE_TO_GET_ISSUER_CERT: UNTRUSTED,
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY: UNTRUSTED,
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: UNTRUSTED,
};

/** The reasons by the runtimes' words, where there is no code. */
const REASON_BY_WORDS: readonly [RegExp, (match: RegExpExecArray, endpoint: Endpoint) => string][] = [
  [/status code: (\d{3})/i, (match) => serverAnswered(Number(match[1]))],
  [/WRONG_VERSION_NUMBER|InvalidContentType/, () => NO_TLS],
  [/certificate expired/, () => EXPIRED],
  [/UnknownIssuer|self.signed certificate in certificate chain/, () => UNTRUSTED],
  [/only valid for DnsName\("(.*?)"\)/, (match, { certificateName }) => wrongName(certificateName, `DNS:${match[1]}`)],
  [/alert: (\w+)|_ALERT_(\w+)/, (match) => refusedHandshake(match[1] ?? match[2])],
  [/dns error/, (_, { host }) => notResolved(host)],
  [/Parse Error|invalid HTTP version/, () => "server does not speak HTTP"],
];

/** What the runtimes put before the reason; Bun names the URL there, which may hold a secret. */
const PREFIX = /^(WebSocket connection to '.*' failed: |(NetworkError: )?failed to connect to WebSocket: )/;

/** The reason when a server answered an upgrade with another status than 101. */
export function serverAnswered(status: number): string {
  return `server answered ${status} ${STATUS_CODES[status] ?? ""}`.trimEnd();
}

/** The bare reason of a failed dial, in words. */
export function dialReason(error: unknown, endpoint: Endpoint): string {
  const { code, message, cert } = error as { code?: unknown; message?: string; cert?: PeerCertificate };
  if (code === "ENOTFOUND" || code === "EAI_AGAIN") return notResolved(endpoint.host);
  if (code === "ERR_TLS_CERT_ALTNAME_INVALID") return wrongName(endpoint.certificateName, cert?.subjectaltname);
  if (typeof code === "string" && code in REASON_BY_CODE) return REASON_BY_CODE[code];
  for (const [words, reason] of REASON_BY_WORDS) {
    const match = words.exec(message ?? "");
    if (match) return reason(match, endpoint);
  }
  return message?.replace(PREFIX, "") || "the runtime tells no reason";
}

/** The error of a failed dial: the reason in words, and the runtime's own error as its cause. */
export function dialError(cause: unknown, endpoint: Endpoint): Error {
  return new Error(dialReason(cause, endpoint), { cause });
}

/** Whether a dial failed because nobody who is trusted signed the certificate. */
export function isUntrusted(error: unknown): boolean {
  return error instanceof Error && error.message === UNTRUSTED;
}

/**
 * Says more of a certificate that nobody who is trusted signed. The runtimes call one that is expired or self-signed just that,
 * so it is looked at, once and over a connection of its own. What stands in the way of that changes nothing.
 */
export async function explainUntrusted(error: Error, endpoint: Endpoint, signal: AbortSignal): Promise<Error> {
  if (!isUntrusted(error)) return error;
  try {
    const certificate = await fetchPeerCertificate(endpoint, signal);
    const problem = trustProblem(certificate, Date.now()) ??
      `${UNTRUSTED}: ${certificate.issuer.replaceAll("\n", ", ")}`;
    return new Error(problem, { cause: error.cause });
  } catch {
    signal.throwIfAborted();
    return error;
  }
}

/** An alert's name is written "CertificateRequired" or "CERTIFICATE_REQUIRED" (RFC 8446 section 6). */
function refusedHandshake(alert: string): string {
  const words = alert.replaceAll("_", " ").replaceAll(/(?<=[a-z])(?=[A-Z])/g, " ").toLowerCase();
  return `server refused the TLS handshake: ${words}`;
}

function notResolved(host: string): string {
  return `name not resolved: ${host}`;
}

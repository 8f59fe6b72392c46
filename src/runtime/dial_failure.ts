import process from "node:process";
import type { PeerCertificate } from "node:tls";
import { describe, printable, withoutSecrets } from "../describe.ts";
import type { Endpoint } from "./endpoint.ts";
import { EXPIRED, fetchPeerCertificate, NOT_YET_VALID, SELF_SIGNED, trustProblem } from "./peer_certificate.ts";
import { wrongName } from "./tls.ts";

const NO_REASON = "the runtime gives no reason";
const NO_TLS = "server does not speak TLS";
const NO_HTTP = "server does not speak HTTP";
const LONG_HEAD = "server answered with a head that is too long";
const CLOSED = "connection closed by the server before the socket was open";
const UNTRUSTED = "certificate is signed by an authority that is not trusted";

/** Reasons by the codes that the runtimes use, which are those of Node.js and of OpenSSL. */
const REASON_BY_CODE: Readonly<Record<string, string>> = {
  ECONNREFUSED: "connection refused",
  ECONNRESET: CLOSED,
  EPIPE: CLOSED,
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

/** Reasons by the runtimes' wording, where there is no code. */
const REASON_BY_WORDS: readonly [RegExp, (match: RegExpExecArray, endpoint: Endpoint) => string][] = [
  [/status code:? (\d{3})/i, (match) => serverAnswered(Number(match[1]))],
  [/(missing|invalid) upgrade header/i, () => noHandshake("Upgrade")],
  [/(missing|invalid) connection header/i, () => noHandshake("Connection")],
  [/websocket.accept header/i, () => noHandshake("Sec-WebSocket-Accept")],
  [/mismatch client protocol/i, () => unaskedHeader("Sec-WebSocket-Protocol")],
  [/unsupported websocket extension/i, () => unaskedHeader("Sec-WebSocket-Extensions")],
  [/response headers too large/i, () => LONG_HEAD],
  // Over TLS, Deno's WebSocket falls back to HTTP/2 when an upgrade fails, and reports only how that failed.
  [/NoApplicationProtocol|Didn't receive h2 alpn|stream error received/, () => `the upgrade failed, and ${NO_REASON}`],
  [/WRONG_VERSION_NUMBER|InvalidContentType/, () => NO_TLS],
  [/certificate expired/, () => EXPIRED],
  [/UnknownIssuer|self.signed certificate in certificate chain/, () => UNTRUSTED],
  [/only valid for DnsName\("(.*?)"\)/, (match, { certificateName }) => wrongName(certificateName, `DNS:${match[1]}`)],
  [/alert: (\w+)|_ALERT_(\w+)/, (match) => refusedHandshake(match[1] ?? match[2])],
  [/dns error/, (_, { host }) => notResolved(host)],
  [/Parse Error|invalid HTTP version|Invalid response/, () => NO_HTTP],
  [/connection closed before message completed/, () => CLOSED],
];

/** What Bun puts before the reason. */
const URL_PREFIX = /^WebSocket connection to '.*' failed: /;

/** What Deno puts before the reason. */
const PREFIX = /^(NetworkError: )?failed to connect to WebSocket: /;

/** The reason when a server answered an upgrade request with another status than 101. */
export function refusedUpgrade(status: number, location: string | undefined): string {
  const redirect = location === undefined ? "" : ` to ${describe(printable(withoutSecrets(location)))}`;
  return serverAnswered(status) + redirect;
}

/** The reason when an answer could not be read, from what the reader threw. */
export function unreadableAnswer(error: unknown): string {
  return error instanceof RangeError ? LONG_HEAD : NO_HTTP;
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
  return message?.replace(URL_PREFIX, "").replace(PREFIX, "") || NO_REASON;
}

/** The error of a failed dial: the reason in words, and the runtime's own error as its cause. */
export function dialError(cause: unknown, endpoint: Endpoint): Error {
  return new Error(dialReason(cause, endpoint), { cause: withoutUrl(cause) });
}

/** The error, or one that says the same without the URL, whose query may hold a secret: logs show causes too. */
function withoutUrl(error: unknown): unknown {
  const { code, message = "" } = error as { code?: unknown; message?: string };
  if (!URL_PREFIX.test(message)) return error;
  return Object.assign(new Error(message.replace(URL_PREFIX, "")), code !== undefined && { code });
}

/**
 * Whether a dial failed because of a certificate that may be none of those that are trusted instead of an authority: an expired
 * one is reported as such, whoever it belongs to.
 */
export function isUnknown(error: unknown): boolean {
  return error instanceof Error && [UNTRUSTED, SELF_SIGNED, EXPIRED, NOT_YET_VALID].includes(error.message);
}

/**
 * Says more about a certificate that no trusted authority signed. The runtimes report an expired or self-signed one in the same
 * way, so the certificate is fetched once, over a connection of its own. If that fails, the error stays as it is.
 */
export async function explainUntrusted(error: Error, endpoint: Endpoint, signal: AbortSignal): Promise<Error> {
  if (error.message !== UNTRUSTED) return error;
  try {
    const certificate = await fetchPeerCertificate(endpoint, signal);
    const problem = trustProblem(certificate, Date.now()) ??
      `${UNTRUSTED}: ${printable(certificate.issuer.replaceAll("\n", ", "))}`;
    return new Error(problem, { cause: error.cause });
  } catch {
    signal.throwIfAborted();
    return error;
  }
}

/** An alert is named like "CertificateRequired" or "CERTIFICATE_REQUIRED" (RFC 8446 section 6). */
function refusedHandshake(alert: string): string {
  const words = alert.replaceAll("_", " ").replaceAll(/(?<=[a-z])(?=[A-Z])/g, " ").toLowerCase();
  return `server refused the TLS handshake: ${words}`;
}

function serverAnswered(status: number): string {
  const { STATUS_CODES } = process.getBuiltinModule("node:http"); // only now: to load it takes 1 MiB on Deno 2.9.6
  return `server answered ${status} ${STATUS_CODES[status] ?? ""}`.trimEnd();
}

/** The reason when a 101 answer lacks a header, or has a wrong value of one (RFC 6455 section 4.1). */
export function noHandshake(header: string): string {
  return `${serverAnswered(101)} without a valid ${header} header`;
}

/** The reason when a 101 answer agrees to what the client did not offer (RFC 6455 section 4.1). */
export function unaskedHeader(header: string): string {
  return `${serverAnswered(101)} with a ${header} header that was not requested`;
}

function notResolved(host: string): string {
  return `name not resolved: ${host}`;
}

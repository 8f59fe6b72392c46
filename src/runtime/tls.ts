import { createPrivateKey, hash, type KeyObject, X509Certificate } from "node:crypto";
import { checkServerIdentity, type PeerCertificate } from "node:tls";
import { printable } from "../describe.ts";
import type { DialTls } from "./runtime.ts";
import type { TlsInfo } from "./socket.ts";

/** SHA-256 of a certificate (DER), as pins are written: 64 lower-case hex digits. */
export function fingerprint(der: Uint8Array): string {
  return hash("sha256", der, "hex");
}

/** What is wrong with a server's pin; undefined if it matches, or if nothing is pinned. */
export function pinProblem(tls: DialTls, der: Uint8Array): Error | undefined {
  const got = fingerprint(der);
  if (!tls.pinSha256 || tls.pinSha256.includes(got)) return undefined;
  return new Error(`certificate pin does not match: got ${got}`);
}

/** What is wrong with a server's name; undefined if its certificate is for it, or if names do not matter. */
export function nameProblem(tls: DialTls, name: string, certificate: PeerCertificate): Error | undefined {
  if (tls.mode === "self-signed") return undefined;
  const cause = checkServerIdentity(name, certificate);
  if (!cause) return undefined;
  return new Error(wrongName(name, certificate.subjectaltname), { cause });
}

/** The reason, in words, when a certificate is not for the name that was dialed. */
export function wrongName(name: string, alternativeNames: string | undefined): string {
  return `certificate is not for ${name}, but for ${printable(alternativeNames || "no name at all")}`;
}

/** The TLS state of a dialed socket, with what the runtime reports beyond the certificate. */
export function dialedTlsInfo(tls: DialTls, der: Uint8Array | undefined, told: Partial<TlsInfo>): TlsInfo {
  const info: TlsInfo = { ...told, authorized: tls.mode === "verified" || tls.pinSha256 !== undefined };
  if (der) info.peerCertificateSha256 = fingerprint(der);
  return info;
}

/** A certificate in PEM (RFC 7468). */
const CERTIFICATE = /-----BEGIN CERTIFICATE-----[\s\S]+?-----END CERTIFICATE-----/g;

/**
 * Checks a client's TLS options: the runtimes detect faults only during a handshake, where they end the process on Deno.
 *
 * @throws {TypeError} A certificate or key cannot be read, or they do not belong together.
 */
export function checkDialTls({ caCerts = [], cert, key = "" }: DialTls): void {
  for (const text of caCerts) checkAuthorities("caCerts", text);
  if (cert !== undefined) checkKeyPair(cert, key);
}

/**
 * Checks that every certificate in a PEM text can be read.
 *
 * @throws {TypeError} One cannot.
 */
export function checkAuthorities(option: string, text: string): void {
  for (const [block] of text.matchAll(CERTIFICATE)) readPem(option, "certificate", () => new X509Certificate(block));
}

/**
 * Checks that a PEM certificate and key can be read and belong together: the runtimes report it late or in their libraries'
 * words.
 *
 * @throws {TypeError} They do not, or one is not PEM text.
 */
export function checkKeyPair(cert: string, key: string): void {
  const certificate = readPem("cert", "certificate", () => new X509Certificate(cert));
  const privateKey: KeyObject = readPem("key", "private key", () => createPrivateKey(key));
  if (!certificate.checkPrivateKey(privateKey)) {
    throw new TypeError("Cannot use the TLS certificate: tls.key does not match tls.cert");
  }
}

function readPem<T>(option: string, what: string, read: () => T): T {
  try {
    return read();
  } catch (cause) {
    throw new TypeError(`Cannot use the TLS certificate: tls.${option} is not a valid PEM ${what}`, { cause });
  }
}

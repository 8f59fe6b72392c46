import { X509Certificate } from "node:crypto";
import type { Certificate } from "../demo/certificate.ts";
import { usageError } from "./command_line.ts";
import type { ServerTls } from "./server_options.ts";

export type { Certificate };

/**
 * The server's certificate, with its SHA-256.
 *
 * @throws {ExitError} The given text is not a certificate.
 */
export async function loadCertificate(tls: ServerTls): Promise<Certificate | undefined> {
  if (tls === "off") return undefined;
  if (tls === "made") {
    const { makeCertificate } = await import("../demo/certificate.ts"); // takes 8 MiB, which no other server needs
    return await makeCertificate();
  }
  return { ...tls, sha256: fingerprint(tls.cert) };
}

function fingerprint(cert: string): string {
  try {
    return new X509Certificate(cert).fingerprint256.replaceAll(":", "").toLowerCase();
  } catch {
    throw usageError("the --cert file does not contain a valid PEM certificate");
  }
}

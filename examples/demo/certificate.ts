import { X509Certificate } from "node:crypto";
import { generate } from "selfsigned";

/** A self-signed certificate and its key. */
export interface Certificate {
  /** PEM. */
  cert: string;
  /** PEM. */
  key: string;
  /** SHA-256 of the certificate's DER form, hex digits: what a client pins. */
  sha256: string;
}

/** Makes a certificate for this machine. */
export async function makeCertificate(): Promise<Certificate> {
  const { cert, private: key } = await generate([{ name: "commonName", value: "localhost" }], {
    keyType: "ec",
    algorithm: "sha256",
    extensions: [
      // Deno refuses a server certificate that is a CA certificate.
      { name: "basicConstraints", cA: false, critical: true },
      { name: "subjectAltName", altNames: [{ type: 7, ip: "127.0.0.1" }, { type: 2, value: "localhost" }] },
    ],
  });
  const sha256 = new X509Certificate(cert).fingerprint256.replaceAll(":", "").toLowerCase();
  return { cert, key, sha256 };
}

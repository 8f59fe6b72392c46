import { generate } from "selfsigned";

/** A certificate and its private key, PEM. */
export interface Certificate {
  cert: string;
  key: string;
}

/** How a certificate may differ from a valid server certificate for this machine. */
export interface CertificateOptions {
  /** The subject's common name. @default "localhost" */
  commonName?: string;
  /** The DNS names that it is valid for, in addition to the address 127.0.0.1. @default ["localhost"] */
  dnsNames?: string[];
  /** @default "server" */
  purpose?: "server" | "client";
  /** The end of its two-year validity period. @default in a year */
  notAfter?: Date;
}

const yearMs = 365 * 24 * 60 * 60 * 1_000;
const keys = { keyType: "ec", curve: "P-256", algorithm: "sha256" } as const;

/** Makes a certificate that can sign others. */
export async function createAuthority(commonName = "Test authority"): Promise<Certificate> {
  const { cert, private: key } = await generate([{ name: "commonName", value: commonName }], {
    ...keys,
    extensions: [
      { name: "basicConstraints", cA: true, critical: true },
      { name: "keyUsage", keyCertSign: true, cRLSign: true, critical: true },
    ],
  });
  return { cert, key };
}

/** Creates a certificate signed by an authority, or self-signed if there is none. */
export async function createCertificate(
  authority: Certificate | undefined,
  options: CertificateOptions = {},
): Promise<Certificate> {
  const { commonName = "localhost", dnsNames = ["localhost"], purpose = "server", notAfter } = options;
  const end = notAfter ?? new Date(Date.now() + yearMs);
  const { cert, private: key } = await generate([{ name: "commonName", value: commonName }], {
    ...keys,
    ca: authority,
    notBeforeDate: new Date(end.getTime() - 2 * yearMs),
    notAfterDate: end,
    extensions: [
      // Deno rejects a server certificate that may sign others.
      { name: "basicConstraints", cA: false, critical: true },
      { name: "keyUsage", digitalSignature: true, critical: true },
      { name: "extKeyUsage", serverAuth: purpose === "server", clientAuth: purpose === "client" },
      {
        name: "subjectAltName",
        altNames: [...dnsNames.map((value) => ({ type: 2, value }) as const), { type: 7, ip: "127.0.0.1" }],
      },
    ],
  });
  return { cert, key };
}

/**
 * A self-signed certificate that names its own key as the issuer's, as OpenSSL makes them and `createCertificate` does not. Valid
 * until 2120.
 */
export const IDENTIFIED: Certificate = {
  cert: `-----BEGIN CERTIFICATE-----
MIIBhTCCASugAwIBAgIBATAKBggqhkjOPQQDAjAUMRIwEAYDVQQDDAlsb2NhbGhv
c3QwIBcNMjAwMTAxMDAwMDAwWhgPMjEyMDAxMDEwMDAwMDBaMBQxEjAQBgNVBAMM
CWxvY2FsaG9zdDBZMBMGByqGSM49AgEGCCqGSM49AwEHA0IABDyMZ3OEif2yjgWo
BM7D8ryc1ZSZupEFUX4DgbM+ARk9UKHSdixv4cCNpLwmjs4RdPXztXdd51SBHjS9
wtEBbtSjbDBqMBoGA1UdEQQTMBGCCWxvY2FsaG9zdIcEfwAAATAMBgNVHRMBAf8E
AjAAMB0GA1UdDgQWBBQkqYR+ct7g3F6vlYBqcrma9xPKPTAfBgNVHSMEGDAWgBQk
qYR+ct7g3F6vlYBqcrma9xPKPTAKBggqhkjOPQQDAgNIADBFAiEA49pGyHVxhQAQ
n7qKcG4Gw2ptz6WqxPBGb7mLgcXlGy8CIGUl82IEA/QW4f5l7vD3OpMcFLUIaEQR
Gw+B7zR3Mj9E
-----END CERTIFICATE-----
`,
  key: `-----BEGIN PRIVATE KEY-----
MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQg+81gq4lPTVkFCy6A
1+/T03IwIxmLtVASUiINzi/cLwyhRANCAAQ8jGdzhIn9so4FqATOw/K8nNWUmbqR
BVF+A4GzPgEZPVCh0nYsb+HAjaS8Jo7OEXT187V3XedUgR40vcLRAW7U
-----END PRIVATE KEY-----
`,
};

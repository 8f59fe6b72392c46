import { describeType } from "../describe.ts";
import type { OptionReader } from "./option_reader.ts";

/** A PEM block (RFC 7468) from its BEGIN to its END. */
const BLOCK = /-----BEGIN ([A-Z0-9 ]+)-----([\s\S]+?)-----END \1-----/g;

/** Reads certificates: PEM text, undefined when it was not given. */
export function readCertificates(reader: OptionReader, name: string): string | undefined {
  const value = reader.value(name);
  return value === undefined ? undefined : checkCertificates(reader, name, value);
}

/** Checks that a value is PEM text with a certificate in it. */
export function checkCertificates(reader: OptionReader, name: string, value: unknown): string {
  if (typeof value === "string" && labels(value).includes("CERTIFICATE")) return value;
  throw notPem(reader, name, "PEM text with a CERTIFICATE", value);
}

/** Reads a private key: PEM text, undefined when it was not given. There is no option for a passphrase. */
export function readPrivateKey(reader: OptionReader, name: string): string | undefined {
  const value = reader.value(name);
  if (value === undefined) return undefined;
  if (typeof value === "string" && labels(value).some(isPlainKey)) return value;
  throw notPem(reader, name, "PEM text with a PRIVATE KEY that is not encrypted", value);
}

function isPlainKey(label: string): boolean {
  return label.endsWith("PRIVATE KEY") && !label.startsWith("ENCRYPTED");
}

/** The labels of the blocks in a text. A key encrypted in the legacy format says so inside its block (RFC 1421). */
function labels(text: string): string[] {
  return Array.from(
    text.matchAll(BLOCK),
    ([, label, body]) => body.includes("Proc-Type: 4,ENCRYPTED") ? `ENCRYPTED ${label}` : label,
  );
}

function notPem(reader: OptionReader, name: string, must: string, value: unknown): TypeError {
  const found = typeof value === "string" ? labels(value).join(", ") : "";
  return reader.unfit(name, must, found ? `PEM text with ${found}` : describeType(value));
}

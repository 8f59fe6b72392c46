import { assertEquals, assertThrows } from "@std/assert";
import { OptionReader } from "../../src/options/option_reader.ts";
import { readCertificates, readPrivateKey } from "../../src/options/pem.ts";
import { test } from "../harness.ts";

const block = (label: string, body = "MAo=") => `-----BEGIN ${label}-----\n${body}\n-----END ${label}-----\n`;
const reader = (pem: unknown) => new OptionReader("listen", { pem }, { pem: true });

test("readCertificates() takes texts with a certificate in them", () => {
  const texts = [block("CERTIFICATE"), block("CERTIFICATE").repeat(2), `# leaf\r\n${block("CERTIFICATE")}`];
  for (const text of texts) assertEquals(readCertificates(reader(text), "pem"), text);
  assertEquals(readCertificates(reader(undefined), "pem"), undefined);
});

test("readCertificates() refuses everything else and shows nothing of it", () => {
  const cases: [unknown, string][] = [
    [null, "null"],
    ["", "an empty string"],
    ["/etc/cert.pem", "a string"],
    [block("CERTIFICATE").slice(0, 40), "a string"],
    [block("PRIVATE KEY", "c2VjcmV0"), "PEM text with PRIVATE KEY"],
    [`${block("EC PARAMETERS")}${block("EC PRIVATE KEY")}`, "PEM text with EC PARAMETERS, EC PRIVATE KEY"],
    [[block("CERTIFICATE")], "an array"],
  ];
  for (const [value, got] of cases) {
    const { message } = assertThrows(() => readCertificates(reader(value), "pem"), TypeError);
    assertEquals(message, `Cannot listen: pem must be PEM text with a CERTIFICATE, got ${got}`);
  }
});

test("readPrivateKey() takes keys of all kinds that are not encrypted", () => {
  for (const label of ["PRIVATE KEY", "RSA PRIVATE KEY", "EC PRIVATE KEY"]) {
    assertEquals(readPrivateKey(reader(block(label)), "pem"), block(label));
  }
  const withParameters = `${block("EC PARAMETERS")}${block("EC PRIVATE KEY")}`;
  assertEquals(readPrivateKey(reader(withParameters), "pem"), withParameters);
  assertEquals(readPrivateKey(reader(undefined), "pem"), undefined);
});

test("readPrivateKey() refuses encrypted keys and everything else", () => {
  const cases: [unknown, string][] = [
    [block("ENCRYPTED PRIVATE KEY"), "PEM text with ENCRYPTED PRIVATE KEY"],
    [
      block("RSA PRIVATE KEY", "Proc-Type: 4,ENCRYPTED\nDEK-Info: AES-128-CBC,00\n\nMAo="),
      "PEM text with ENCRYPTED RSA PRIVATE KEY",
    ],
    [block("CERTIFICATE"), "PEM text with CERTIFICATE"],
    [block("PUBLIC KEY"), "PEM text with PUBLIC KEY"],
    ["secret", "a string"],
    [5, "a number"],
  ];
  for (const [value, got] of cases) {
    const { message } = assertThrows(() => readPrivateKey(reader(value), "pem"), TypeError);
    assertEquals(message, `Cannot listen: pem must be PEM text with a PRIVATE KEY that is not encrypted, got ${got}`);
  }
});

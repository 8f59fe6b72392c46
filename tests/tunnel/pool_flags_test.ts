import { assertEquals, assertThrows } from "@std/assert";
import { ClientPool, type ClientPoolOptions, ServerPool, type ServerPoolOptions } from "@npws/pool";
import { ExitError } from "../../examples/tunnel/exit_error.ts";
import { fromFlags } from "../../examples/tunnel/pool_flags.ts";
import { createCertificate } from "../certificates.ts";
import { test } from "../harness.ts";

function complaint(make: () => unknown): string {
  const { exitCode, message } = assertThrows(() => fromFlags(make), ExitError);
  assertEquals(exitCode, 2);
  return message;
}

test("fromFlags() says of a flag what a client pool says of its option", () => {
  const complaintOf = (options: ClientPoolOptions) => complaint(() => new ClientPool(options));
  assertEquals(
    complaintOf({ url: "http://x" }),
    'Cannot start: --server must begin with ws:// or wss://, got "http://x"',
  );
  assertEquals(
    complaintOf({ url: "ws://a:b@x" }),
    'Cannot start: --server must have no credentials (use token or headers), got "ws://…@x"',
  );
  assertEquals(
    complaintOf({ url: "ws://x", token: "" }),
    "Cannot start: --token must be printable ASCII without spaces, got an empty string",
  );
  assertEquals(
    complaintOf({ url: "wss://x", tls: { mode: "verified", caCerts: ["x"] } }),
    "Cannot start: --ca must be PEM text with a CERTIFICATE, got a string",
  );
  assertEquals(
    complaintOf({ url: "wss://x", tls: { mode: "verified", pinSha256: "x" } }),
    'Cannot start: --pin must be a SHA-256 as 64 hex digits (colons allowed), or a non-empty list of them, got "x"',
  );
});

test("fromFlags() says of a flag what a server pool says of its option", async () => {
  const complaintOf = (options: ServerPoolOptions) => complaint(() => new ServerPool(options));
  const [{ cert }, { key }] = [await createCertificate(undefined), await createCertificate(undefined)];
  assertEquals(complaintOf({ tls: { cert, key } }), "Cannot start: --key does not match --cert");
  assertEquals(
    complaintOf({ tls: { cert, key: cert } }),
    "Cannot start: --key must be PEM text with a PRIVATE KEY that is not encrypted, got PEM text with CERTIFICATE",
  );
});

import { assertEquals } from "@std/assert";
import { dialReason, refusedUpgrade } from "../../src/runtime/dial_failure.ts";
import { test } from "../harness.ts";

const endpoint = { host: "pool.test", port: 443, certificateName: "name.test", serverName: "name.test" };

const untrusted = "certificate is signed by an authority that is not trusted";
const closed = "connection closed by the server before the socket was open";
const untold = "the upgrade failed, and the runtime gives no reason";
const invalid = (header: string) => `server answered 101 Switching Protocols without a valid ${header} header`;

/** What the runtimes report, as codes and in words. */
const said: { code?: string; message?: string; cert?: { subjectaltname: string }; reason: string }[] = [
  { code: "ECONNREFUSED", message: "connect ECONNREFUSED 127.0.0.1:1", reason: "connection refused" },
  { code: "ECONNRESET", message: "socket hang up", reason: closed },
  { code: "ETIMEDOUT", reason: "connection timed out" },
  { code: "EHOSTUNREACH", reason: "host unreachable" },
  { code: "ENETUNREACH", reason: "network unreachable" },
  { code: "ENOTFOUND", reason: "name not resolved: pool.test" },
  { code: "EAI_AGAIN", reason: "name not resolved: pool.test" },
  { code: "CERT_HAS_EXPIRED", reason: "certificate has expired" },
  { code: "CERT_NOT_YET_VALID", reason: "certificate is not valid yet" },
  { code: "DEPTH_ZERO_SELF_SIGNED_CERT", reason: "certificate is self-signed" },
  { code: "UNABLE_TO_VERIFY_LEAF_SIGNATURE", reason: untrusted },
  { code: "CERT_SIGNATURE_FAILURE", reason: untrusted },
  { code: "SELF_SIGNED_CERT_IN_CHAIN", reason: untrusted },
  { code: "ERR_SSL_WRONG_VERSION_NUMBER", reason: "server does not speak TLS" },
  {
    code: "EPROTO",
    message: "error:100000f7:SSL routines:OPENSSL_internal:WRONG_VERSION_NUMBER",
    reason: "server does not speak TLS",
  },
  {
    code: "ERR_TLS_CERT_ALTNAME_INVALID",
    cert: { subjectaltname: "DNS:a.test, DNS:b.test" },
    reason: "certificate is not for name.test, but for DNS:a.test, DNS:b.test",
  },
  {
    code: "ERR_TLS_CERT_ALTNAME_INVALID",
    cert: { subjectaltname: "DNS:a\nforged\x1b[2J" },
    reason: "certificate is not for name.test, but for DNS:a\ufffdforged\ufffd[2J",
  },
  { code: "HPE_INVALID_CONSTANT", message: "Parse Error: Expected HTTP/", reason: "server does not speak HTTP" },
  {
    message: "WebSocket connection to 'ws://pool.test/?secret' failed: Expected 101 status code: 503",
    reason: "server answered 503 Service Unavailable",
  },
  {
    message: "WebSocket connection to 'ws://pool.test/?secret' failed: Expected 101 status code: 599",
    reason: "server answered 599",
  },
  { message: "WebSocket connection to 'ws://pool.test/?secret' failed: Something new", reason: "Something new" },
  {
    message: "NetworkError: failed to connect to WebSocket: Invalid status code: 403",
    reason: "server answered 403 Forbidden",
  },
  { message: "NetworkError: failed to connect to WebSocket: dns error", reason: "name not resolved: pool.test" },
  { message: "NetworkError: failed to connect to WebSocket: tcp connect error", reason: "tcp connect error" },
  { message: "failed to connect to WebSocket: invalid peer certificate: UnknownIssuer", reason: untrusted },
  {
    message: "failed to connect to WebSocket: invalid peer certificate: certificate expired: verification time 1",
    reason: "certificate has expired",
  },
  {
    message:
      'invalid peer certificate: certificate not valid for name "x"; certificate is only valid for DnsName("a.test")',
    reason: "certificate is not for name.test, but for DNS:a.test",
  },
  {
    message: "received fatal alert: CertificateRequired",
    reason: "server refused the TLS handshake: certificate required",
  },
  {
    message: "error:1000045c:SSL routines:OPENSSL_internal:TLSV1_ALERT_CERTIFICATE_REQUIRED",
    reason: "server refused the TLS handshake: certificate required",
  },
  { message: "received corrupt message of type InvalidContentType", reason: "server does not speak TLS" },
  {
    message: "failed to connect to WebSocket: Invalid status code 504 Gateway Timeout",
    reason: "server answered 504 Gateway Timeout",
  },
  { message: "failed to connect to WebSocket: Invalid upgrade header", reason: invalid("Upgrade") },
  { message: "failed to connect to WebSocket: Invalid connection header", reason: invalid("Connection") },
  { message: "WebSocket connection to 'ws://x' failed: Missing upgrade header", reason: invalid("Upgrade") },
  { message: "WebSocket connection to 'ws://x' failed: Missing connection header", reason: invalid("Connection") },
  {
    message: "WebSocket connection to 'ws://x' failed: Mismatch websocket accept header",
    reason: invalid("Sec-WebSocket-Accept"),
  },
  {
    message: "WebSocket connection to 'ws://x' failed: Mismatch client protocol",
    reason: "server answered 101 Switching Protocols with a Sec-WebSocket-Protocol header that was not requested",
  },
  {
    message: "WebSocket connection to 'ws://x' failed: Unsupported websocket extension",
    reason: "server answered 101 Switching Protocols with a Sec-WebSocket-Extensions header that was not requested",
  },
  {
    message: "WebSocket connection to 'ws://x' failed: Response headers too large",
    reason: "server answered with a head that is too long",
  },
  { message: "Invalid Sec-WebSocket-Accept header", reason: invalid("Sec-WebSocket-Accept") },
  { message: "WebSocket connection to 'ws://x' failed: Invalid response", reason: "server does not speak HTTP" },
  { message: "failed to connect to WebSocket: connection closed before message completed", reason: closed },
  { message: "failed to connect to WebSocket: received fatal alert: NoApplicationProtocol", reason: untold },
  { message: "failed to connect to WebSocket: Didn't receive h2 alpn, aborting connection", reason: untold },
  {
    message: "failed to connect to WebSocket: stream error received: unspecific protocol error detected",
    reason: untold,
  },
  { message: "Requires net access to pool.test", reason: "Requires net access to pool.test" },
  { message: "", reason: "the runtime gives no reason" },
];

for (const { reason, ...error } of said) {
  test(`dialReason() says "${reason}" for ${error.code ?? JSON.stringify(error.message)}`, () => {
    assertEquals(dialReason(error, endpoint), reason);
  });
}

for (
  const [location, shown] of [
    ["https://pool.test/links?key=secret", "https://pool.test/links?…"],
    ["https://name:secret@pool.test/links", "https://…@pool.test/links"],
    ["//se@cret@pool.test?key=secret", "//…@pool.test?…"],
    ["/a@b#secret", "/a@b#…"],
  ]
) {
  test(`refusedUpgrade() tells that a redirect leads to ${shown}`, () => {
    assertEquals(refusedUpgrade(301, location), `server answered 301 Moved Permanently to "${shown}"`);
  });
}

test("refusedUpgrade() shows no control or format character of a redirect", () => {
  assertEquals(
    refusedUpgrade(302, "/a\x9b31mRED\x85\xad"),
    'server answered 302 Found to "/a\ufffd31mRED\ufffd\ufffd"',
  );
});

import { assertEquals } from "@std/assert";
import { once } from "node:events";
import type { AddressInfo } from "node:net";
import { connect, createServer, type TLSSocket } from "node:tls";
import { type Certificate, type CertificateOptions, createAuthority, createCertificate } from "./certificates.ts";
import { test } from "./harness.ts";

const authority = await createAuthority();

test("createCertificate() makes a server's certificate that its authority vouches for", async () => {
  assertEquals(await shakeHands({}), "authorized");
});

test("createCertificate() makes a certificate for the given names only", async () => {
  assertEquals(await shakeHands({ dnsNames: ["example.test"] }, "other.test"), "refused");
  assertEquals(await shakeHands({ dnsNames: ["example.test"] }, "example.test"), "authorized");
});

test("createCertificate() makes a certificate that has expired", async () => {
  assertEquals(await shakeHands({ notAfter: new Date(Date.now() - 60_000) }), "refused");
});

test("createCertificate() makes a certificate that another authority does not vouch for", async () => {
  assertEquals(await shakeHands({}, "localhost", await createAuthority()), "refused");
});

test("createCertificate() makes a client's certificate", async () => {
  const server = await createCertificate(authority);
  const client = await createCertificate(authority, { purpose: "client", commonName: "client" });
  const listener = createServer({ ...server, ca: authority.cert, requestCert: true, rejectUnauthorized: true });
  listener.listen(0, "127.0.0.1");
  await once(listener, "listening");
  const { port } = listener.address() as AddressInfo;
  const accepted = once(listener, "secureConnection");
  const socket = connect({ host: "127.0.0.1", port, servername: "localhost", ca: authority.cert, ...client });
  const [peer] = await accepted as [TLSSocket];
  assertEquals(peer.getPeerCertificate().subject.CN, "client");
  socket.destroy();
  peer.destroy();
  await new Promise((resolve) => listener.close(resolve));
});

/** Whether a client that trusts `trusted` accepts a server's certificate. */
async function shakeHands(
  options: CertificateOptions,
  servername = "localhost",
  trusted: Certificate = authority,
): Promise<string> {
  const listener = createServer(await createCertificate(authority, options), (socket) => socket.on("error", () => {}));
  listener.on("tlsClientError", () => {});
  listener.listen(0, "127.0.0.1");
  await once(listener, "listening");
  const { port } = listener.address() as AddressInfo;
  const socket = connect({ host: "127.0.0.1", port, servername, ca: trusted.cert });
  const outcome = await new Promise<string>((resolve) => {
    socket.once("secureConnect", () => resolve("authorized"));
    socket.once("error", () => resolve("refused"));
  });
  socket.destroy();
  await new Promise((resolve) => listener.close(resolve));
  return outcome;
}

import { assert, assertEquals, assertRejects, assertThrows } from "@std/assert";
import { X509Certificate } from "node:crypto";
import { once } from "node:events";
import { type AddressInfo, connect as connectTcp, createServer as createTcpServer } from "node:net";
import { connect, createServer, type TlsOptions, type TLSSocket } from "node:tls";
import { NotSupportedError } from "../../src/errors.ts";
import { runtime } from "../../src/runtime/detect.ts";
import type { DialTls, ServeTls } from "../../src/runtime/runtime.ts";
import { fingerprint } from "../../src/runtime/tls.ts";
import { type Certificate, createAuthority, createCertificate, IDENTIFIED } from "../certificates.ts";
import { spawnRuntime, test } from "../harness.ts";
import { dial, dialTo, UpgradingServer } from "./sockets.ts";

const isBun = runtime.name === "bun";

const authority = await createAuthority("Trusted authority");
const stranger = await createAuthority("Strange authority");
const certificates = {
  valid: await createCertificate(authority),
  "from a strange authority": await createCertificate(stranger),
  "for another name": await createCertificate(authority, { dnsNames: ["elsewhere.test"] }),
  expired: await createCertificate(authority, { notAfter: new Date(Date.now() - 60_000) }),
  "self-signed": await createCertificate(undefined),
};
const impostor = await createCertificate(undefined);
const client = await createCertificate(authority, { purpose: "client", commonName: "client" });

/** What a client that the server rejects is told. The alert is lost if the connection is reset first. */
const refusedByServer = [
  "server refused the TLS handshake: certificate required",
  "connection closed by the server before the socket was open",
];

const verified: DialTls = { mode: "verified", caCerts: [authority.cert] };
const selfSigned: DialTls = { mode: "self-signed" };

// What a client accepts.

const refusals: { certificate: keyof typeof certificates; tls?: DialTls; reason: string }[] = [
  {
    certificate: "valid",
    tls: { mode: "verified" },
    reason: "certificate is signed by an authority that is not trusted: CN=Trusted authority",
  },
  {
    certificate: "from a strange authority",
    reason: "certificate is signed by an authority that is not trusted: CN=Strange authority",
  },
  {
    certificate: "for another name",
    reason: "certificate is not for localhost, but for DNS:elsewhere.test, IP Address:127.0.0.1",
  },
  { certificate: "expired", reason: "certificate has expired" },
  { certificate: "self-signed", reason: "certificate is self-signed" },
  {
    certificate: "valid",
    tls: { ...verified, serverName: "elsewhere.test" },
    reason: "certificate is not for elsewhere.test, but for DNS:localhost, IP Address:127.0.0.1",
  },
];

for (const { certificate, tls = verified, reason } of refusals) {
  test(`dial() with ${describe(tls)} refuses a certificate that is ${certificate}: ${reason}`, async () => {
    await using server = await UpgradingServer.listen({ tls: certificates[certificate] });
    assertEquals(await reasonOf(server.port, tls), reason);
  });
}

test("dial() verifies a name, an address, and the name that is given in their place", async () => {
  await using valid = await UpgradingServer.listen({ tls: certificates.valid });
  await using elsewhere = await UpgradingServer.listen({ tls: certificates["for another name"] });
  const named: DialTls = { ...verified, serverName: "elsewhere.test" };
  for (
    const [server, host, tls] of [[valid, "localhost", verified], [valid, "127.0.0.1", verified], [
      elsewhere,
      "localhost",
      named,
    ]] as const
  ) {
    const socket = await dial(dialTo(`wss://${host}:${server.port}/`, { tls }));
    const serverName = tls.serverName ?? (host === "localhost" ? host : undefined);
    assertEquals([socket.tls!.authorized, socket.tls!.serverName], [true, serverName]);
    socket.terminate();
  }
});

for (const [name, certificate] of Object.entries(certificates)) {
  test(`dial() with "self-signed" takes a certificate that is ${name}`, async () => {
    await using server = await UpgradingServer.listen({ tls: certificate });
    const socket = await dial(dialTo(`wss://localhost:${server.port}/`, { tls: selfSigned }));
    assertEquals(socket.tls!.authorized, false);
    socket.terminate();
  });

  const isRefused = isBun && name === "expired";
  test(`dial() with "self-signed" ${isRefused ? "refuses" : "takes"} a pinned certificate that is ${name}`, async () => {
    await using server = await UpgradingServer.listen({ tls: certificate });
    const tls = { ...selfSigned, pinSha256: ["0".repeat(64), pinOf(certificate)] };
    if (isRefused) return assertEquals(await reasonOf(server.port, tls), "certificate has expired");
    for (const host of ["localhost", "127.0.0.1"]) {
      const socket = await dial(dialTo(`wss://${host}:${server.port}/`, { tls }));
      assertEquals([socket.tls!.authorized, socket.tls!.peerCertificateSha256], [true, pinOf(certificate)]);
      socket.terminate();
    }
  });
}

for (const mode of [verified, selfSigned]) {
  test(`dial() with "${mode.mode}" refuses a certificate that is not pinned, and tells the one it got`, async () => {
    await using server = await UpgradingServer.listen({ tls: certificates.valid });
    const tls = { ...mode, pinSha256: [pinOf(impostor)] };
    assertEquals(await reasonOf(server.port, tls), `certificate pin does not match: got ${pinOf(certificates.valid)}`);
  });

  test(`dial() with "${mode.mode}" and a pin sends nothing to an impostor`, async () => {
    const seen: unknown[] = [];
    await using server = await TlsServer.listen(impostor, (socket) => socket.on("data", (data) => seen.push(data)));
    const tls = { ...mode, pinSha256: [pinOf(certificates["self-signed"])] };
    const options = dialTo(`wss://localhost:${server.port}/`, { tls, headers: { authorization: "Bearer secret" } });
    await assertRejects(() => dial(options));
    await server.allClosed();
    assert(server.connections > 0);
    assertEquals(seen, []);
  });
}

test("dial() leaves no connection open to a server whose certificate it looked at", async () => {
  await using server = await TlsServer.listen(certificates["from a strange authority"], () => {});
  assert((await reasonOf(server.port, verified)).endsWith("CN=Strange authority"));
  await server.allClosed();
});

const impostors = {
  "self-signed": impostor,
  "expired": await createCertificate(undefined, { notAfter: new Date(Date.now() - 1_000) }),
  "made by OpenSSL": IDENTIFIED,
};
for (const [name, certificate] of Object.entries(impostors)) {
  test(`a dialer with a pin notices an impostor that comes after the server, its certificate ${name}`, async () => {
    const first = await UpgradingServer.listen({ tls: certificates["self-signed"] });
    const { port } = first;
    const tls = { ...selfSigned, pinSha256: [pinOf(certificates["self-signed"])] };
    const dialer = runtime.dialer(
      dialTo(`wss://localhost:${port}/`, { tls, headers: { authorization: "Bearer secret" } }),
    );
    (await dialer.dial(new AbortController().signal)).terminate();
    await first[Symbol.asyncDispose]();
    const seen: unknown[] = [];
    await using second = await TlsServer.listen(
      certificate,
      (socket) => socket.on("data", (data) => seen.push(data)),
      port,
    );
    const error = await assertRejects(() => dialer.dial(new AbortController().signal), Error);
    assertEquals(error.message, `certificate pin does not match: got ${pinOf(certificate)}`);
    await second.allClosed();
    assertEquals(seen, []);
    dialer.close();
  });
}

test("a dialer with pins reaches two servers that share an address and take turns", async () => {
  const both = [certificates["self-signed"], IDENTIFIED];
  await using first = await UpgradingServer.listen({ tls: both[0] });
  await using second = await UpgradingServer.listen({ tls: both[1] });
  let connections = 0;
  const balancer = createTcpServer((near) => {
    const far = connectTcp({ port: [first, second][connections++ % 2].port, host: "127.0.0.1" });
    near.pipe(far).pipe(near);
    near.on("error", () => {}).on("close", () => far.destroy());
    far.on("error", () => {}).on("close", () => near.destroy());
  });
  balancer.listen(0, "127.0.0.1");
  await once(balancer, "listening");
  const { port } = balancer.address() as AddressInfo;
  const tls = { ...selfSigned, pinSha256: both.map(pinOf) };
  const dialer = runtime.dialer(dialTo(`wss://localhost:${port}/`, { tls }));
  for (let dial = 0; dial < 6; dial++) {
    const socket = await dialer.dial(new AbortController().signal);
    assert(tls.pinSha256.includes(socket.tls!.peerCertificateSha256!));
    socket.terminate();
  }
  dialer.close();
  await new Promise((resolve) => balancer.close(resolve));
});

test("a dialer with pins follows the server to its next certificates", async () => {
  const certificatesInTurn = [certificates["self-signed"], await createCertificate(undefined), IDENTIFIED];
  const tls = { ...selfSigned, pinSha256: certificatesInTurn.map(pinOf) };
  let port = 0;
  let dialer;
  for (const certificate of [...certificatesInTurn, certificates["self-signed"]]) {
    await using server = await UpgradingServer.listen({ tls: certificate, port });
    port = server.port;
    dialer ??= runtime.dialer(dialTo(`wss://localhost:${port}/`, { tls }));
    const socket = await dialer.dial(new AbortController().signal);
    assertEquals(socket.tls!.peerCertificateSha256, pinOf(certificate));
    socket.terminate();
  }
  dialer!.close();
});

test("dial() verifies the address that is given in the name's place", async () => {
  await using server = await UpgradingServer.listen({ tls: certificates["for another name"] });
  const url = `wss://localhost:${server.port}/`;
  (await dial(dialTo(url, { tls: { ...verified, serverName: "127.0.0.1" } }))).terminate();
  assertEquals(
    await reasonOf(server.port, { ...verified, serverName: "127.0.0.2" }),
    "certificate is not for 127.0.0.2, but for DNS:elsewhere.test, IP Address:127.0.0.1",
  );
});

test("dial() tells of its TLS session what the runtime does", async () => {
  await using server = await UpgradingServer.listen({ tls: certificates.valid });
  const socket = await dial(dialTo(`wss://localhost:${server.port}/`, { tls: verified }));
  const { protocol, cipher, ...others } = socket.tls!;
  assertEquals(others, {
    authorized: true,
    serverName: "localhost",
    peerCertificateSha256: pinOf(certificates.valid),
  });
  assertEquals([protocol, cipher?.startsWith("TLS_")], isBun ? [undefined, undefined] : ["TLSv1.3", true]);
  assertEquals((await server.nextSocket()).tls, { authorized: false });
  socket.terminate();
});

test("dial() shows its client certificate", async () => {
  const shown: unknown[] = [];
  await using server = await TlsServer.listen(
    { ...certificates.valid, ca: authority.cert, requestCert: true, rejectUnauthorized: true },
    (socket) => {
      shown.push(socket.getPeerCertificate().subject.CN);
      socket.destroy();
    },
  );
  for (const mode of [verified, selfSigned]) {
    await assertRejects(() => dial(dialTo(`wss://localhost:${server.port}/`, { tls: { ...mode, ...client } })));
  }
  assertEquals(shown, ["client", "client"]);
});

test("dial() says that a server wants a certificate", async () => {
  const options = { ...certificates.valid, ca: authority.cert, requestCert: true, rejectUnauthorized: true };
  await using server = await TlsServer.listen(options, () => {});
  for (const mode of [verified, selfSigned]) {
    const reason = await reasonOf(server.port, mode);
    assert(refusedByServer.includes(reason), reason);
  }
});

test("dial() says that a server wants a certificate which says so as soon as the handshake is over", async () => {
  const file = new URL("../peers/mutual_tls_server.ts", import.meta.url);
  const { cert, key } = certificates.valid;
  await using server = spawnRuntime("bun", file, [authority.cert, cert, key]);
  const port = Number((await server.lines.next()).value);
  for (const mode of [verified, selfSigned, { ...selfSigned, pinSha256: [pinOf(certificates.valid)] }]) {
    const reason = await reasonOf(port, mode);
    assert(refusedByServer.includes(reason), reason);
    (await dial(dialTo(`wss://localhost:${port}/`, { tls: { ...mode, ...client } }))).terminate();
  }
});

test("dialer() refuses a client key that is not its certificate's", () => {
  const tls = { ...verified, cert: client.cert, key: impostor.key };
  assertThrows(
    () => runtime.dialer(dialTo("wss://localhost/", { tls })),
    TypeError,
    "tls.key does not match tls.cert",
  );
});

test("dialer() refuses authorities that cannot be read, wherever they stand", () => {
  const unreadable = "-----BEGIN CERTIFICATE-----\nMAo=\n-----END CERTIFICATE-----\n";
  for (const caCerts of [[unreadable], [authority.cert, unreadable], [authority.cert + unreadable]]) {
    const options = dialTo("wss://localhost/", { tls: { ...verified, caCerts } });
    assertThrows(() => runtime.dialer(options), TypeError, "tls.caCerts is not a valid PEM certificate");
  }
});

test("dial() says that a server does not speak TLS", async () => {
  await using server = await UpgradingServer.listen();
  for (const tls of [verified, selfSigned, { ...selfSigned, pinSha256: [pinOf(impostor)] }]) {
    assertEquals(await reasonOf(server.port, tls), "server does not speak TLS");
  }
});

test("the global WebSocket takes authorities", async () => {
  await using server = await UpgradingServer.listen({ tls: certificates.valid });
  await using other = await UpgradingServer.listen({ tls: certificates["from a strange authority"] });
  const options = { tls: verified, WebSocket };
  const socket = await dial(dialTo(`wss://localhost:${server.port}/`, options));
  assertEquals(socket.tls!.authorized, true);
  socket.terminate();
  const error = await assertRejects(() => dial(dialTo(`wss://localhost:${other.port}/`, options)), Error);
  assert(error.message.startsWith("certificate is signed by an authority that is not trusted"), error.message);
});

// How a server behaves.

for (const version of ["TLSv1.2", "TLSv1.3"] as const) {
  test(`serve() speaks ${version}`, async () => {
    await using server = await UpgradingServer.listen({ tls: certificates.valid });
    const socket = connect({
      host: "127.0.0.1",
      port: server.port,
      servername: "localhost",
      ca: authority.cert,
      minVersion: version,
      maxVersion: version,
    });
    await once(socket, "secureConnect");
    assertEquals(socket.getProtocol(), version);
    socket.destroy();
  });
}

const unusable: { tls: ServeTls; says: string }[] = [
  { tls: { cert: impostor.cert, key: client.key }, says: "tls.key does not match tls.cert" },
  { tls: { cert: "no certificate", key: client.key }, says: "tls.cert is not a valid PEM certificate" },
  { tls: { cert: client.cert, key: "no key" }, says: "tls.key is not a valid PEM private key" },
];

for (const { tls, says } of unusable) {
  test(`checkServe() and serve() say that ${says}`, async () => {
    const options = { hostname: "127.0.0.1", port: 0, tls };
    assertThrows(() => runtime.checkServe(options), TypeError, says);
    await assertRejects(() => runtime.serve(options, () => new Response()), TypeError, says);
  });
}

if (isBun) {
  test("checkServe() refuses an authority that cannot be read", () => {
    const ca = authority.cert.replace(/\n.{20}/, "\n");
    const tls = { ...certificates.valid, ca, requireClientCertificate: true };
    const options = { hostname: "127.0.0.1", port: 0, tls };
    assertThrows(() => runtime.checkServe(options), TypeError, "tls.ca is not a valid PEM certificate");
  });

  test("serve() lets only clients in whose certificate it verified", async () => {
    const tls = { ...certificates.valid, ca: authority.cert, requireClientCertificate: true };
    await using server = await UpgradingServer.listen({ tls });
    const socket = await dial(dialTo(`wss://localhost:${server.port}/`, { tls: { ...verified, ...client } }));
    assertEquals((await server.nextSocket()).tls, { authorized: true });
    socket.terminate();
    const strange = await createCertificate(stranger, { purpose: "client" });
    for (const shown of [{}, strange]) {
      const reason = await reasonOf(server.port, { ...verified, ...shown });
      assert(refusedByServer.includes(reason), reason);
    }
  });

  test("checkServe() refuses tls.ca without tls.requireClientCertificate, which would do nothing", () => {
    const options = { hostname: "127.0.0.1", port: 0, tls: { ...certificates.valid, ca: authority.cert } };
    assertThrows(() => runtime.checkServe(options), TypeError, "tls.requireClientCertificate");
  });
} else {
  for (const option of [{ ca: authority.cert }, { requireClientCertificate: true }]) {
    test(`checkServe() refuses tls.${Object.keys(option)[0]} on Deno`, () => {
      const options = { hostname: "127.0.0.1", port: 0, tls: { ...certificates.valid, ...option } };
      assertThrows(() => runtime.checkServe(options), NotSupportedError, "Deno.serve");
    });
  }
}

async function reasonOf(port: number, tls: DialTls): Promise<string> {
  const error = await assertRejects(() => dial(dialTo(`wss://localhost:${port}/`, { tls })), Error);
  return error.message;
}

function pinOf({ cert }: Certificate): string {
  return fingerprint(new X509Certificate(cert).raw);
}

function describe({ mode, caCerts, serverName }: DialTls): string {
  return `"${mode}"${caCerts ? " and an authority" : ""}${serverName ? ` and serverName ${serverName}` : ""}`;
}

/** A TLS server that the test controls, and which sees what is sent to it. */
class TlsServer implements AsyncDisposable {
  connections = 0;
  readonly #listener;
  readonly #closed: Promise<unknown>[] = [];

  private constructor(options: TlsOptions, greet: (socket: TLSSocket) => void) {
    this.#listener = createServer(options, greet).on("tlsClientError", () => {});
    this.#listener.on("connection", (socket) => {
      this.connections++;
      this.#closed.push(new Promise((resolve) => socket.once("close", resolve)));
    });
    this.#listener.on("secureConnection", (socket) => socket.on("error", () => {})); // the close follows
  }

  static async listen(options: TlsOptions, greet: (socket: TLSSocket) => void, port = 0): Promise<TlsServer> {
    const server = new TlsServer(options, greet);
    server.#listener.listen(port, "127.0.0.1");
    await once(server.#listener, "listening");
    return server;
  }

  get port(): number {
    return (this.#listener.address() as AddressInfo).port;
  }

  /** Resolves when no connection is open. */
  async allClosed(): Promise<void> {
    await Promise.all(this.#closed);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await new Promise((resolve) => this.#listener.close(resolve));
  }
}

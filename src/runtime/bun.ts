import { netAddress } from "./address.ts";
import type { BunApi, BunServer } from "./bun_api.ts";
import { BunDialer } from "./bun_dialer.ts";
import { BunServerSocket } from "./bun_server_socket.ts";
import { isIPv4, isIPv6 } from "./ip.ts";
import { bindReason, listenError } from "./listen_error.ts";
import type { Dialer, DialOptions, Listener, RequestHandler, Runtime, ServeOptions, UpgradeEnd } from "./runtime.ts";
import type { NetAddress, TlsInfo } from "./socket.ts";
import { checkAuthorities, checkDialTls, checkKeyPair } from "./tls.ts";
import { WebSocketDialer } from "./web_socket_dialer.ts";

/** The adapter for Bun: `Bun.serve`, and the global WebSocket for dialing. */
export const bunRuntime: Runtime = {
  name: "bun",
  dialer,
  checkServe,
  serve,
  remoteAddress,
  upgrade,
  websocket: BunServerSocket.handlers,
};

/** Servers that admit only clients whose certificate they have verified. */
const verifyingServers = new WeakSet<object>();

function dialer(options: DialOptions): Dialer {
  if (options.tls) checkDialTls(options.tls);
  if (options.WebSocket === undefined || options.WebSocket === WebSocket) return new BunDialer(options);
  return new WebSocketDialer(options.WebSocket, options);
}

function checkServe({ tls }: ServeOptions): void {
  if (!tls) return;
  if (tls.ca !== undefined && !tls.requireClientCertificate) {
    throw new TypeError(
      "Cannot serve with tls.ca: clients are asked for a certificate only if tls.requireClientCertificate is true",
    );
  }
  checkKeyPair(tls.cert, tls.key);
  if (tls.ca !== undefined) checkAuthorities("ca", tls.ca);
}

// deno-lint-ignore require-await -- what Bun.serve throws rejects
async function serve(options: ServeOptions, handler: RequestHandler): Promise<Listener> {
  checkServe(options);
  const server = bind(options, handler);
  return {
    address: netAddress(server.address?.address ?? server.hostname, server.port)!,
    close: () => server.stop(true),
  };
}

function bind({ hostname, port, tls, maxMessageBytes }: ServeOptions, fetch: RequestHandler): BunServer {
  const { Bun } = globalThis as unknown as { Bun: BunApi };
  const requestCert = tls?.requireClientCertificate;
  const certificates = tls &&
    { cert: tls.cert, key: tls.key, ca: tls.ca, requestCert, rejectUnauthorized: requestCert };
  try {
    const server = Bun.serve({
      hostname,
      port,
      tls: certificates,
      fetch,
      websocket: BunServerSocket.handlers(maxMessageBytes),
      error: failed,
    });
    if (requestCert) verifyingServers.add(server);
    return server;
  } catch (error) {
    throw listenError(error, hostname, port, reasonFor(error, hostname));
  }
}

/** For a name that does not resolve, Bun reports whatever error code the system set last. */
function reasonFor(error: unknown, hostname: string): string | undefined {
  if (isIPv4(hostname) || isIPv6(hostname)) return undefined;
  const reason = bindReason(error);
  return reason ? `${reason}, or the host name does not resolve` : "the host name does not resolve";
}

/** The answer when the handler threw, as on Deno. Bun itself would show the client the error and the surrounding code. */
function failed(error: Error): Response {
  console.error(error);
  return new Response("Internal Server Error", { status: 500 });
}

function remoteAddress(request: Request, server: unknown): NetAddress | undefined {
  const address = (server as Partial<BunServer> | undefined)?.requestIP?.(request);
  return netAddress(address?.address, address?.port);
}

function tlsOf(request: Request, server: unknown): TlsInfo | undefined {
  return request.url.startsWith("https:") ? { authorized: verifyingServers.has(server as object) } : undefined;
}

function upgrade(request: Request, server: unknown, peer: NetAddress | undefined, end: UpgradeEnd): undefined {
  const data = new BunServerSocket(peer, tlsOf(request, server), end);
  if (!(server as BunServer).upgrade(request, { data })) {
    throw new Error("Cannot upgrade the request: it is not a WebSocket handshake, or the client has disconnected");
  }
  data.answered();
}

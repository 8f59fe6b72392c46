import { NotSupportedError } from "../errors.ts";
import { netAddress } from "./address.ts";
import { DenoGlobalDialer } from "./deno_global_dialer.ts";
import { DenoServerSocket } from "./deno_server_socket.ts";
import { listenError } from "./listen_error.ts";
import { NodeDialer } from "./node_dialer.ts";
import { Opening } from "./opening.ts";
import type { Dialer, DialOptions, Listener, RequestHandler, Runtime, ServeOptions, UpgradeEnd } from "./runtime.ts";
import type { NetAddress } from "./socket.ts";
import { checkDialTls, checkKeyPair } from "./tls.ts";
import { WebSocketDialer } from "./web_socket_dialer.ts";

/** The adapter for Deno: `Deno.serve` and `Deno.upgradeWebSocket`; for dialing, node:net with this module's own framing. */
export const denoRuntime: Runtime = {
  name: "deno",
  dialer,
  checkServe,
  serve,
  remoteAddress,
  upgrade,
  websocket: () => ({}),
};

function dialer(options: DialOptions): Dialer {
  if (options.tls) checkDialTls(options.tls);
  if (options.WebSocket === undefined) return new NodeDialer(options);
  if (options.WebSocket === WebSocket) return new DenoGlobalDialer(options);
  return new WebSocketDialer(options.WebSocket, options);
}

function checkServe({ tls }: ServeOptions): void {
  if (!tls) return;
  if (tls.ca !== undefined || tls.requireClientCertificate) {
    throw new NotSupportedError(
      "Cannot serve with tls.ca or tls.requireClientCertificate: Deno.serve cannot request client certificates",
    );
  }
  checkKeyPair(tls.cert, tls.key);
}

// deno-lint-ignore require-await -- what Deno.serve throws rejects
async function serve(options: ServeOptions, handler: RequestHandler): Promise<Listener> {
  checkServe(options);
  const closing = new AbortController();
  const server = bind(options, handler, closing.signal);
  return {
    address: netAddress(server.addr.hostname, server.addr.port)!,
    close() {
      closing.abort();
      return server.finished;
    },
  };
}

function bind({ hostname, port, tls }: ServeOptions, handler: RequestHandler, signal: AbortSignal) {
  const certificate = tls && { cert: tls.cert, key: tls.key };
  try {
    return Deno.serve(
      { hostname, port, ...certificate, signal, onListen() {} },
      handler as Deno.ServeHandler<Deno.NetAddr>,
    );
  } catch (error) {
    throw listenError(error, hostname, port);
  }
}

function remoteAddress(_request: Request, info: unknown): NetAddress | undefined {
  const address = (info as { remoteAddr?: Partial<Deno.NetAddr> } | undefined)?.remoteAddr;
  return netAddress(address?.hostname, address?.port);
}

function upgrade(request: Request, _info: unknown, peer: NetAddress | undefined, end: UpgradeEnd): Response {
  // Before the upgrade: the request cannot be inspected after it.
  const tls = isEncrypted(request) ? { authorized: false } : undefined;
  const { socket: webSocket, response } = Deno.upgradeWebSocket(request, { idleTimeout: 0 });
  const opening = new Opening(end);
  const socket = new DenoServerSocket(webSocket, peer, tls, {
    opened() {
      webSocket.removeEventListener("error", socket); // from here on the close says enough: a quarter KiB for each socket
      opening.succeed(socket);
    },
    failed: () => opening.fail(),
  });
  opening.limit(() => socket.terminate());
  return response;
}

function isEncrypted(request: Request): boolean {
  return request.url.startsWith("https:");
}

import { netAddress } from "./address.ts";
import { BunServerSocket, serverSocketHandlers } from "./bun_server_socket.ts";
import type { BunApi, BunServer } from "./bun_api.ts";
import type { Dialer, DialOptions, Listener, RequestHandler, Runtime, ServeOptions } from "./runtime.ts";
import type { NetAddress, Socket } from "./socket.ts";
import { dialWebSocket } from "./web_socket.ts";

/** The port to Bun: `Bun.serve`, and the global WebSocket to dial. */
export const bunRuntime: Runtime = {
  name: "bun",
  dialer,
  checkServe() {},
  serve,
  remoteAddress,
  upgrade,
  websocket: serverSocketHandlers,
};

function bun(): BunApi {
  return (globalThis as unknown as { Bun: BunApi }).Bun;
}

function dialer(options: DialOptions): Dialer {
  const Constructor = (options.WebSocket ?? WebSocket) as new (url: string, options: unknown) => WebSocket;
  return {
    dial(signal) {
      const webSocket = new Constructor(options.url, { headers: options.headers, perMessageDeflate: false });
      return dialWebSocket(webSocket, { takesProtocolCodes: true }, signal, () => new Error("cannot connect"));
    },
    close() {},
  };
}

// deno-lint-ignore require-await -- a bind error rejects, it does not throw
async function serve(options: ServeOptions, handler: RequestHandler): Promise<Listener> {
  const { hostname, port, tls } = options;
  const server = bun().serve({ hostname, port, tls, fetch: handler, websocket: serverSocketHandlers });
  return {
    address: netAddress(server.hostname, server.port)!,
    async close() {
      const stopped = server.stop();
      server.closeIdleConnections();
      // It resolves when the last WebSocket is closed; the port is free at once.
      await Promise.race([stopped, Promise.resolve()]);
    },
  };
}

function remoteAddress(request: Request, server: unknown): NetAddress | undefined {
  const address = (server as Partial<BunServer> | undefined)?.requestIP?.(request);
  return netAddress(address?.address, address?.port);
}

function upgrade(request: Request, server: unknown): { response: undefined; socket: Promise<Socket> } {
  const adapted = new BunServerSocket(remoteAddress(request, server));
  // Before the upgrade, which opens the socket at once.
  const socket = adapted.opened;
  if (!(server as BunServer).upgrade(request, { data: adapted })) {
    adapted.terminate();
    throw new Error("not a WebSocket upgrade");
  }
  return { response: undefined, socket };
}

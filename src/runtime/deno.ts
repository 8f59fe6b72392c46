import { NotSupportedError } from "../errors.ts";
import { netAddress } from "./address.ts";
import type { Dialer, DialOptions, Listener, RequestHandler, Runtime, ServeOptions } from "./runtime.ts";
import type { NetAddress, Socket } from "./socket.ts";
import { dialWebSocket, WebSocketSocket } from "./web_socket.ts";

/** How long an answered upgrade may take to become an open socket. */
const UPGRADE_TIMEOUT_MS = 10_000;

/** The port to Deno: `Deno.serve` and `Deno.upgradeWebSocket`, and the npm library `ws` to dial. */
export const denoRuntime: Runtime = {
  name: "deno",
  dialer: (options) => options.WebSocket ? webSocketDialer(options) : new LazyWsDialer(options),
  checkServe,
  serve,
  remoteAddress,
  upgrade,
  websocket: {},
};

/** Loads `ws` at the first dial: a program that only serves needs neither the library nor its permissions. */
class LazyWsDialer implements Dialer {
  readonly #options: DialOptions;
  #loaded: Promise<Dialer> | undefined;

  constructor(options: DialOptions) {
    this.#options = options;
  }

  async dial(signal: AbortSignal): Promise<Socket> {
    signal.throwIfAborted();
    this.#loaded ??= import("./ws_client.ts").then(({ WsDialer }) => new WsDialer(this.#options));
    return (await this.#loaded).dial(signal);
  }

  close(): void {
    this.#loaded?.then((dialer) => dialer.close());
  }
}

function webSocketDialer(options: DialOptions): Dialer {
  const Constructor = options.WebSocket!;
  return {
    dial: (signal) => dialWebSocket(new Constructor(options.url), {}, signal, () => new Error("cannot connect")),
    close() {},
  };
}

function checkServe(options: ServeOptions): void {
  if (options.tls?.ca !== undefined || options.tls?.requireClientCertificate) {
    throw new NotSupportedError("Cannot ask for client certificates: Deno.serve has no option for it");
  }
}

// deno-lint-ignore require-await -- a bind error rejects, it does not throw
async function serve(options: ServeOptions, handler: RequestHandler): Promise<Listener> {
  const { hostname, port, tls } = options;
  const connections = new AbortController();
  const server = Deno.serve(
    { hostname, port, cert: tls?.cert, key: tls?.key, onListen() {}, signal: connections.signal },
    handler as Deno.ServeHandler,
  );
  return {
    address: netAddress(server.addr.hostname, server.addr.port)!,
    close() {
      connections.abort();
      return server.finished;
    },
  };
}

function remoteAddress(_request: Request, info: unknown): NetAddress | undefined {
  const address = (info as Partial<Deno.ServeHandlerInfo> | undefined)?.remoteAddr as Partial<Deno.NetAddr> | undefined;
  return netAddress(address?.hostname, address?.port);
}

function upgrade(request: Request, info: unknown): { response: Response; socket: Promise<Socket> } {
  const remote = remoteAddress(request, info);
  const { socket: webSocket, response } = Deno.upgradeWebSocket(request, { idleTimeout: 0 });
  const socket = new Promise<Socket>((resolve, reject) => {
    const timer = setTimeout(() => {
      adapted.terminate();
      reject(new Error("the upgrade was not completed within 10000 ms"));
    }, UPGRADE_TIMEOUT_MS);
    const adapted = new WebSocketSocket(webSocket, { remoteAddress: remote, takesProtocolCodes: true }, {
      opened() {
        clearTimeout(timer);
        resolve(adapted);
      },
      failed() {
        clearTimeout(timer);
        reject(new Error("the client went away before the socket was open"));
      },
    });
  });
  socket.catch(() => {});
  return { response, socket };
}

import type { BunApi, BunServerWebSocket } from "../src/runtime/bun_api.ts";
import type { RawRuntime, RawSocket } from "./raw_socket.ts";

/** `Bun.serve` serves, and the global WebSocket dials. */
export const raw: RawRuntime = { serve, dial };

const { Bun } = globalThis as unknown as { Bun: BunApi };

/** Bun drops messages beyond this limit; a sender pauses long before. */
const BACKPRESSURE_LIMIT_BYTES = 64 * 1024 * 1024;

// deno-lint-ignore require-await -- the interface requires it
async function serve(opened: (socket: RawSocket) => void): Promise<number> {
  const server = Bun.serve({
    hostname: "127.0.0.1",
    port: 0,
    tls: undefined,
    error: ({ message }) => new Response(message, { status: 500 }),
    fetch: (request: Request, self: typeof server) => void self.upgrade(request, { data: new BunServerSocket() }),
    websocket: {
      open(webSocket) {
        socketOf(webSocket).webSocket = webSocket;
        opened(socketOf(webSocket));
      },
      message: (webSocket, message) => socketOf(webSocket).onMessage(message.length, message as Uint8Array),
      drain() {},
      close: (webSocket) => socketOf(webSocket).onClose(),
      idleTimeout: 0,
      sendPings: false,
      perMessageDeflate: false,
      backpressureLimit: BACKPRESSURE_LIMIT_BYTES,
      maxPayloadLength: BACKPRESSURE_LIMIT_BYTES,
    },
  });
  return server.port;
}

function dial(url: string): Promise<RawSocket> {
  return new Promise((resolve, reject) => {
    const Constructor = WebSocket as unknown as new (url: string, options: object) => WebSocket;
    const webSocket = new Constructor(url, { perMessageDeflate: false });
    webSocket.onerror = reject;
    const socket = new ClientSocket(webSocket);
    socket.onMessage = () => resolve(socket);
  });
}

function socketOf(webSocket: BunServerWebSocket): BunServerSocket {
  return webSocket.data as BunServerSocket;
}

class BunServerSocket implements RawSocket {
  onMessage: RawSocket["onMessage"] = () => {};
  onClose: () => void = () => {};
  webSocket!: BunServerWebSocket;

  get bufferedBytes(): number {
    return this.webSocket.getBufferedAmount();
  }

  send(bytes: Uint8Array): void {
    this.webSocket.send(bytes);
  }

  close(): Promise<void> {
    return new Promise((resolve) => {
      this.onClose = resolve;
      this.webSocket.close(1000, "");
    });
  }
}

class ClientSocket implements RawSocket {
  onMessage: RawSocket["onMessage"] = () => {};
  readonly #webSocket: WebSocket;

  constructor(webSocket: WebSocket) {
    this.#webSocket = webSocket;
    webSocket.binaryType = "arraybuffer";
    webSocket.onmessage = ({ data }) => this.onMessage((data as ArrayBuffer).byteLength, data as ArrayBuffer);
  }

  get bufferedBytes(): number {
    return this.#webSocket.bufferedAmount;
  }

  send(bytes: Uint8Array<ArrayBuffer>): void {
    this.#webSocket.send(bytes);
  }

  close(): Promise<void> {
    return new Promise((resolve) => {
      this.#webSocket.onclose = () => resolve();
      this.#webSocket.close();
    });
  }
}

// @ts-types="npm:@types/ws@^8"
import { WebSocket as WsWebSocket } from "ws";
import type { RawRuntime, RawSocket } from "./raw_socket.ts";

/** `Deno.upgradeWebSocket` serves, and `ws` dials. */
export const raw: RawRuntime = { serve, dial };

// deno-lint-ignore require-await -- Bun's is asynchronous
async function serve(opened: (socket: RawSocket) => void): Promise<number> {
  const server = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen() {} }, (request) => {
    const { socket, response } = Deno.upgradeWebSocket(request, { idleTimeout: 0 });
    socket.onopen = () => opened(new DenoServerSocket(socket));
    return response;
  });
  return server.addr.port;
}

function dial(url: string): Promise<RawSocket> {
  return new Promise((resolve, reject) => {
    const webSocket = new WsWebSocket(url, { perMessageDeflate: false });
    webSocket.once("error", reject);
    const socket = new WsSocket(webSocket);
    socket.onMessage = () => resolve(socket);
  });
}

class DenoServerSocket implements RawSocket {
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

class WsSocket implements RawSocket {
  onMessage: RawSocket["onMessage"] = () => {};
  readonly #webSocket: WsWebSocket;

  constructor(webSocket: WsWebSocket) {
    this.#webSocket = webSocket;
    webSocket.on("message", (data) => this.onMessage((data as Uint8Array).byteLength, data as Uint8Array));
  }

  get bufferedBytes(): number {
    return this.#webSocket.bufferedAmount;
  }

  send(bytes: Uint8Array): void {
    this.#webSocket.send(bytes);
  }

  close(): Promise<void> {
    return new Promise((resolve) => {
      this.#webSocket.once("close", () => resolve());
      this.#webSocket.close();
    });
  }
}

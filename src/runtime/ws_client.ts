import type { Socket as NetSocket } from "node:net";
import { type ConnectionOptions, createSecureContext, type TLSSocket } from "node:tls";
// @ts-types="@types/ws"
import { WebSocket } from "ws";
import { dialError, explainUntrusted, serverAnswered } from "./dial_failure.ts";
import { type Endpoint, endpointOf } from "./endpoint.ts";
import { CLOSE_TIMEOUT_MS, MAX_MESSAGE_BYTES } from "./limits.ts";
import type { Dialer, DialOptions, DialTls } from "./runtime.ts";
import type { Socket, TlsInfo } from "./socket.ts";
import { dialedTlsInfo, pinProblem } from "./tls.ts";
import { connectTcp, connectTlsOver } from "./transport.ts";
import { WsSocket } from "./ws_socket.ts";

/** Dials with the npm library `ws`, over a connection of node:net or node:tls that is made first, so that its TLS is checked first. */
export class WsDialer implements Dialer {
  readonly #options: DialOptions;
  readonly #endpoint: Endpoint;
  readonly #tlsOptions: ConnectionOptions | undefined;

  constructor(options: DialOptions) {
    this.#options = options;
    this.#endpoint = endpointOf(options);
    this.#tlsOptions = options.tls && tlsOptions(options.tls);
  }

  async dial(signal: AbortSignal): Promise<Socket> {
    const { tls } = this.#options;
    if (!tls) return this.#upgrade(await this.#connectTcp(signal), undefined, signal);
    const transport = await this.#connectTls(signal);
    const der = transport.getPeerCertificate().raw;
    const problem = pinProblem(tls, der);
    if (problem) {
      transport.destroy();
      throw problem;
    }
    return this.#upgrade(transport, tlsInfo(tls, this.#endpoint, transport, der), signal);
  }

  close(): void {}

  async #connectTcp(signal: AbortSignal): Promise<NetSocket> {
    try {
      return await connectTcp(this.#endpoint, signal);
    } catch (error) {
      signal.throwIfAborted();
      throw dialError(error, this.#endpoint);
    }
  }

  async #connectTls(signal: AbortSignal): Promise<TLSSocket> {
    try {
      return await connectTlsOver(this.#endpoint, this.#tlsOptions!, signal);
    } catch (error) {
      signal.throwIfAborted();
      throw await explainUntrusted(dialError(error, this.#endpoint), this.#endpoint, signal);
    }
  }

  #upgrade(transport: NetSocket, tls: TlsInfo | undefined, signal: AbortSignal): Promise<Socket> {
    return new Promise((resolve, reject) => {
      // In a variable of its own: the types do not know all options yet.
      const options = {
        headers: this.#options.headers,
        createConnection: () => transport,
        perMessageDeflate: false,
        maxPayload: MAX_MESSAGE_BYTES,
        closeTimeout: CLOSE_TIMEOUT_MS,
      };
      const webSocket = new WebSocket(this.#options.url, options);
      const socket = new WsSocket(webSocket, transport, tls);
      const settle = () => {
        signal.removeEventListener("abort", abort);
        webSocket.off("open", succeed).off("error", fail).removeAllListeners("unexpected-response");
      };
      const succeed = () => {
        settle();
        resolve(socket);
      };
      const giveUp = (reason: unknown) => {
        settle();
        socket.terminate();
        transport.destroy();
        reject(reason);
      };
      const fail = (error: Error) => giveUp(dialError(error, this.#endpoint));
      const abort = () => giveUp(signal.reason);
      signal.addEventListener("abort", abort);
      webSocket.on("open", succeed).on("error", fail);
      webSocket.on("unexpected-response", (_, { statusCode }) => giveUp(new Error(serverAnswered(statusCode!))));
    });
  }
}

function tlsOptions({ mode, caCerts, cert, key }: DialTls): ConnectionOptions {
  return {
    rejectUnauthorized: mode === "verified",
    secureContext: createSecureContext({ ca: caCerts && [...caCerts], cert, key }),
  };
}

function tlsInfo(tls: DialTls, { serverName }: Endpoint, transport: TLSSocket, der: Uint8Array): TlsInfo {
  const protocol = transport.getProtocol() ?? undefined;
  return dialedTlsInfo(tls, der, { protocol, cipher: transport.getCipher()?.name, serverName });
}

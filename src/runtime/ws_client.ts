import type { Socket as NetSocket } from "node:net";
import { type ConnectionOptions, createSecureContext, type TLSSocket } from "node:tls";
// @ts-types="@types/ws"
import { WebSocket } from "ws";
import { dialError, explainUntrusted, refusedUpgrade } from "./dial_failure.ts";
import { type Endpoint, endpointOf } from "./endpoint.ts";
import { CLOSE_TIMEOUT_MS, MAX_MESSAGE_BYTES } from "./limits.ts";
import type { Dialer, DialOptions, DialTls } from "./runtime.ts";
import type { Socket, TlsInfo } from "./socket.ts";
import { dialedTlsInfo, nameProblem, pinProblem } from "./tls.ts";
import { connectTcp, connectTls, failureOf } from "./transport.ts";
import { WsSocket } from "./ws_socket.ts";

/** Dials with the npm library `ws`, over a connection of node:net or node:tls that is made first, so that its TLS is checked first. */
export class WsDialer implements Dialer {
  readonly #options: DialOptions;
  readonly #endpoint: Endpoint;
  readonly #tlsOptions: ConnectionOptions | undefined;

  constructor(options: DialOptions) {
    this.#options = options;
    this.#endpoint = endpointOf(options);
    this.#tlsOptions = options.tls && tlsOptions(options.tls, this.#endpoint);
  }

  async dial(signal: AbortSignal): Promise<Socket> {
    const transport = await this.#connect(signal);
    try {
      return await this.#upgrade(transport, this.#checkTls(transport), signal);
    } catch (error) {
      transport.destroy();
      throw error;
    }
  }

  close(): void {}

  async #connect(signal: AbortSignal): Promise<NetSocket> {
    try {
      if (!this.#tlsOptions) return await connectTcp(this.#endpoint, signal);
      return await connectTls(this.#endpoint, this.#tlsOptions, signal);
    } catch (error) {
      signal.throwIfAborted();
      throw await explainUntrusted(dialError(error, this.#endpoint), this.#endpoint, signal);
    }
  }

  /** The state of the TLS session, whose certificate has the right pin. */
  #checkTls(transport: NetSocket): TlsInfo | undefined {
    const { tls } = this.#options;
    if (!tls) return undefined;
    const session = transport as TLSSocket;
    const der = session.getPeerCertificate().raw;
    const problem = pinProblem(tls, der);
    if (problem) throw problem;
    const { serverName } = this.#endpoint;
    const protocol = session.getProtocol() ?? undefined;
    return dialedTlsInfo(tls, der, { protocol, cipher: session.getCipher()?.name, serverName });
  }

  async #upgrade(transport: NetSocket, tls: TlsInfo | undefined, signal: AbortSignal): Promise<Socket> {
    signal.throwIfAborted();
    const failure = failureOf(transport);
    if (failure) throw dialError(failure, this.#endpoint);
    return await new Promise((resolve, reject) => {
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
        transport.off("close", end);
        webSocket.off("open", succeed).off("error", fail).removeAllListeners("unexpected-response");
      };
      const succeed = () => {
        settle();
        resolve(socket);
      };
      const giveUp = (reason: unknown) => {
        settle();
        socket.terminate();
        reject(reason);
      };
      const fail = (error: Error) => giveUp(dialError(error, this.#endpoint));
      const end = () => fail(failureOf(transport)!);
      const abort = () => giveUp(signal.reason);
      signal.addEventListener("abort", abort);
      transport.on("close", end);
      webSocket.on("open", succeed).on("error", fail);
      webSocket.on("unexpected-response", (_, response) => giveUp(new Error(refusedUpgrade(response))));
    });
  }
}

function tlsOptions(tls: DialTls, { certificateName }: Endpoint): ConnectionOptions {
  const { mode, caCerts, cert, key } = tls;
  return {
    rejectUnauthorized: mode === "verified",
    checkServerIdentity: (_, certificate) => nameProblem(tls, certificateName, certificate),
    secureContext: createSecureContext({ ca: caCerts && [...caCerts], cert, key }),
  };
}

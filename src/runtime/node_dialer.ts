import type { Socket as NetSocket } from "node:net";
import { type ConnectionOptions, createSecureContext, type TLSSocket } from "node:tls";
import { dialError, explainUntrusted } from "./dial_failure.ts";
import { type Endpoint, endpointOf } from "./endpoint.ts";
import { FramedSocket } from "./framed_socket.ts";
import { OpeningHandshake } from "./opening_handshake.ts";
import type { Dialer, DialOptions, DialTls } from "./runtime.ts";
import type { Socket, TlsInfo } from "./socket.ts";
import { dialedTlsInfo, nameProblem, pinProblem } from "./tls.ts";
import { connectTcp, connectTls, failureOf } from "./transport.ts";

/** Dials over node:net or node:tls, and checks the TLS session before it sends anything. */
export class NodeDialer implements Dialer {
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

  /** Checks the certificate against the pin, and returns the state of the TLS session. */
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
    const handshake = new OpeningHandshake(this.#options);
    return await new Promise((resolve, reject) => {
      const settle = () => {
        signal.removeEventListener("abort", abort);
        transport.off("close", end).off("data", read);
      };
      const giveUp = (reason: unknown) => {
        settle();
        reject(reason);
      };
      const end = () => giveUp(dialError(failureOf(transport), this.#endpoint));
      const abort = () => giveUp(signal.reason);
      const read = (chunk: Uint8Array<ArrayBuffer>) => {
        try {
          const first = handshake.read(chunk);
          if (!first) return;
          const socket = new FramedSocket(transport, tls, first);
          settle();
          resolve(socket);
        } catch (error) {
          giveUp(error);
        }
      };
      signal.addEventListener("abort", abort);
      transport.on("close", end).on("data", read).write(handshake.request, "latin1");
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

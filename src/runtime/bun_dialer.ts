import type { PeerCertificate } from "node:tls";
import { dialError, explainUntrusted, isUnknown } from "./dial_failure.ts";
import { type Endpoint, endpointOf } from "./endpoint.ts";
import { fetchPeerCertificate } from "./peer_certificate.ts";
import type { Dialer, DialOptions, DialTls } from "./runtime.ts";
import type { Socket } from "./socket.ts";
import { dialedTlsInfo, nameProblem, pinProblem } from "./tls.ts";
import { dialWebSocket, type SocketFacts } from "./web_socket.ts";
import { openingError } from "./web_socket_dialer.ts";

/** The TLS options of Bun's WebSocket. */
interface BunTls {
  rejectUnauthorized: boolean;
  ca?: readonly string[];
  /** Trusts a certificate in `ca` even though its issuer is missing. */
  allowPartialTrustChain?: boolean;
  /** Called only with `rejectUnauthorized`: once the chain is verified, before the request is sent. */
  checkServerIdentity?(name: string, certificate: PeerCertificate): Error | undefined;
}

/** Dials with Bun's global WebSocket. */
export class BunDialer implements Dialer {
  readonly #options: DialOptions;
  readonly #endpoint: Endpoint;
  /** The server's certificates that matched a pin, in PEM: at most one per pin. */
  readonly #pinned = new Set<string>();

  constructor(options: DialOptions) {
    this.#options = options;
    this.#endpoint = endpointOf(options);
  }

  async dial(signal: AbortSignal): Promise<Socket> {
    signal.throwIfAborted();
    const { tls } = this.#options;
    if (!tls) return await this.#open(undefined, {}, signal);
    if (tls.mode === "verified") return await this.#openVerified(tls, signal);
    if (tls.pinSha256) return await this.#openPinned(tls, signal);
    const { serverName } = this.#endpoint;
    return await this.#open(
      { rejectUnauthorized: false },
      { tls: dialedTlsInfo(tls, undefined, { serverName }) },
      signal,
    );
  }

  close(): void {
    this.#pinned.clear();
  }

  async #openVerified(tls: DialTls, signal: AbortSignal): Promise<Socket> {
    try {
      return await this.#openChecked(tls, { ca: tls.caCerts }, signal);
    } catch (error) {
      signal.throwIfAborted();
      throw await explainUntrusted(error as Error, this.#endpoint, signal);
    }
  }

  /**
   * Bun checks no pin unless it verifies the chain. So the certificate is fetched first, and if it matches the pin, the dial
   * trusts it instead of an authority. An expired certificate is refused even so.
   */
  async #openPinned(tls: DialTls, signal: AbortSignal): Promise<Socket> {
    try {
      return await this.#openKnownOrFetched(tls, signal);
    } catch (error) {
      if (!isUnknown(error)) throw error;
    }
    // Several servers share the address, and another one has answered the dial than the fetch.
    return await this.#openKnownOrFetched(tls, signal);
  }

  async #openKnownOrFetched(tls: DialTls, signal: AbortSignal): Promise<Socket> {
    try {
      if (this.#pinned.size > 0) return await this.#openTrusting([...this.#pinned], tls, signal);
    } catch (error) {
      // Else the server's certificate has changed, or Bun has taken another one of the same name for its issuer.
      if (!isUnknown(error)) throw error;
    }
    const pinned = await this.#fetchPinned(tls, signal);
    this.#pinned.add(pinned);
    return await this.#openTrusting([pinned], tls, signal);
  }

  #openTrusting(ca: readonly string[], tls: DialTls, signal: AbortSignal): Promise<Socket> {
    return this.#openChecked(tls, { ca, allowPartialTrustChain: true }, signal);
  }

  /** The server's certificate in PEM, which matches a pin. */
  async #fetchPinned(tls: DialTls, signal: AbortSignal): Promise<string> {
    const certificate = await fetchPeerCertificate(this.#endpoint, signal).catch((error) => {
      signal.throwIfAborted();
      throw dialError(error, this.#endpoint);
    });
    const problem = pinProblem(tls, certificate.raw);
    if (problem) throw problem;
    return certificate.toString();
  }

  /** Opens a socket whose certificate must be verified, and must be the right one. */
  async #openChecked(tls: DialTls, trust: Partial<BunTls>, signal: AbortSignal): Promise<Socket> {
    let checked: Uint8Array | undefined;
    let problem: Error | undefined;
    const checkServerIdentity = (_: string, certificate: PeerCertificate) => {
      checked = certificate.raw;
      problem = nameProblem(tls, this.#endpoint.certificateName, certificate) ?? pinProblem(tls, certificate.raw);
      return problem;
    };
    const facts: SocketFacts = {};
    try {
      const socket = await this.#open({ ...trust, rejectUnauthorized: true, checkServerIdentity }, facts, signal);
      if (!checked) {
        socket.terminate();
        throw new Error("the runtime skipped the certificate check");
      }
      facts.tls = dialedTlsInfo(tls, checked, { serverName: this.#endpoint.serverName });
      return socket;
    } catch (error) {
      throw signal.aborted ? error : problem ?? error;
    }
  }

  async #open(bunTls: BunTls | undefined, facts: SocketFacts, signal: AbortSignal): Promise<Socket> {
    signal.throwIfAborted();
    const { url, headers, tls } = this.#options;
    const serverName = tls?.serverName && this.#endpoint.serverName;
    const named = bunTls && { ...bunTls, cert: tls?.cert, key: tls?.key, serverName };
    const Constructor = WebSocket as unknown as new (url: string, options: unknown) => WebSocket;
    const webSocket = new Constructor(url, { headers, perMessageDeflate: false, tls: named });
    facts.takesProtocolCodes = true;
    return await dialWebSocket(webSocket, facts, signal, (event) => openingError(event, this.#endpoint));
  }
}

import { type Endpoint, endpointOf } from "./endpoint.ts";
import type { Dialer, DialOptions } from "./runtime.ts";
import type { Socket } from "./socket.ts";
import { dialWebSocket } from "./web_socket.ts";
import { factsOf, openingError, refuseTlsBeyond } from "./web_socket_dialer.ts";

/**
 * Dials with Deno's global WebSocket. It accepts headers and, through an HTTP client, authorities, which are trusted in
 * addition to the system's, not instead of them.
 */
export class DenoGlobalDialer implements Dialer {
  readonly #options: DialOptions;
  readonly #endpoint: Endpoint;
  /** Holds the authorities. Created at the first dial, because it is a resource. */
  #client: Deno.HttpClient | undefined;

  /** @throws {NotSupportedError} The options ask for what Deno's WebSocket cannot do. */
  constructor(options: DialOptions) {
    refuseTlsBeyond(options, ["caCerts"]);
    this.#options = options;
    this.#endpoint = endpointOf(options);
  }

  // deno-lint-ignore require-await -- what the constructor throws rejects
  async dial(signal: AbortSignal): Promise<Socket> {
    signal.throwIfAborted();
    const { url, headers, tls } = this.#options;
    if (tls?.caCerts) this.#client ??= Deno.createHttpClient({ caCerts: [...tls.caCerts] });
    const Constructor = WebSocket as unknown as new (url: string, options: unknown) => WebSocket;
    const webSocket = new Constructor(url, { headers, client: this.#client });
    return dialWebSocket(webSocket, factsOf(this.#options), signal, (event) => openingError(event, this.#endpoint));
  }

  close(): void {
    this.#client?.close();
    this.#client = undefined;
  }
}

import { NotSupportedError } from "../errors.ts";
import { dialError } from "./dial_failure.ts";
import { type Endpoint, endpointOf } from "./endpoint.ts";
import type { Dialer, DialOptions, WebSocketConstructor } from "./runtime.ts";
import type { Socket } from "./socket.ts";
import { dialWebSocket, type SocketFacts } from "./web_socket.ts";

/** Dials with any constructor of the web-standard interface, which takes no options. */
export class WebSocketDialer implements Dialer {
  readonly #Constructor: WebSocketConstructor;
  readonly #options: DialOptions;
  readonly #endpoint: Endpoint;

  /** @throws {NotSupportedError} The options ask for something that the interface lacks. */
  constructor(constructor: WebSocketConstructor, options: DialOptions) {
    if (Object.keys(options.headers).length > 0) refuse("headers or token");
    refuseTlsBeyond(options, []);
    this.#Constructor = constructor;
    this.#options = options;
    this.#endpoint = endpointOf(options);
  }

  // deno-lint-ignore require-await -- what the constructor throws rejects
  async dial(signal: AbortSignal): Promise<Socket> {
    signal.throwIfAborted();
    const webSocket = new this.#Constructor(this.#options.url) as WebSocket;
    return dialWebSocket(webSocket, factsOf(this.#options), signal, (event) => openingError(event, this.#endpoint));
  }

  close(): void {}
}

/** Refuses every TLS option except the mode "verified" and those named. */
export function refuseTlsBeyond({ tls }: DialOptions, supported: readonly string[]): void {
  if (!tls) return;
  if (tls.mode !== "verified") refuse(`tls "${tls.mode}"`);
  for (const [option, value] of Object.entries(tls)) {
    if (option !== "mode" && value !== undefined && !supported.includes(option)) refuse(`tls.${option}`);
  }
}

/** What is known about a socket dialed through the interface alone. */
export function factsOf({ tls }: DialOptions): SocketFacts {
  return { tls: tls && { authorized: true } };
}

/** The error of an opening that failed, from its error event. */
export function openingError(event: Event | undefined, endpoint: Endpoint): Error {
  const { error, message } = (event ?? {}) as Partial<ErrorEvent>;
  return dialError(error ?? new Error(message ?? ""), endpoint);
}

function refuse(option: string): never {
  throw new NotSupportedError(`Cannot dial with the option ${option}: the given WebSocket does not support it`);
}

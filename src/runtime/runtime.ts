import type { NetAddress, Socket } from "./socket.ts";

/** TLS of a dial, checked and normalized by the options. */
export interface DialTls {
  /** "self-signed" takes any certificate (that matches the pin, when there is one); "verified" checks chain and name. */
  mode: "self-signed" | "verified";
  /** PEM certificates to trust in the place of the system's; beside them where Deno's global WebSocket dials. */
  caCerts?: readonly string[];
  /** PEM client certificate, with its chain. */
  cert?: string;
  /** PEM private key of `cert`. */
  key?: string;
  /** The name to send as SNI and to verify, in the place of the URL's host. */
  serverName?: string;
  /**
   * SHA-256 of the certificates (DER) that are accepted, 64 lower-case hex digits each. Bun refuses one that has expired, in
   * the mode "self-signed" too.
   */
  pinSha256?: readonly string[];
}

/**
 * A constructor of the web-standard WebSocket interface, or of one that has what a pool uses of it, as `WebSocket` of npm:ws.
 *
 * @example
 * ```ts
 * import { ClientPool, type WebSocketConstructor } from "@npws/pool";
 *
 * const constructor: WebSocketConstructor = WebSocket; // the runtime's own, or one of the same interface
 * await using pool = new ClientPool({ url: "ws://127.0.0.1:8080", WebSocket: constructor });
 * console.log(pool.isReady); // false: it has not started
 * ```
 */
export type WebSocketConstructor = new (url: string | URL, options?: never) => {
  binaryType: string;
  readonly readyState: number;
  readonly bufferedAmount: number;
  // deno-lint-ignore no-explicit-any -- packages of this interface have types of their own for events
  addEventListener(type: "open" | "error" | "message" | "close", listener: any): void;
  // deno-lint-ignore no-explicit-any
  removeEventListener(type: "open" | "error" | "message" | "close", listener: any): void;
  send(data: string | Uint8Array<ArrayBuffer>): void;
  close(code?: number, reason?: string): void;
};

/** What stays the same for all dials of a pool. */
export interface DialOptions {
  /** "ws://…" or "wss://…". */
  url: string;
  headers: Readonly<Record<string, string>>;
  /** Undefined for "ws://". */
  tls: DialTls | undefined;
  /** The constructor to dial with, in the place of the runtime's own choice. */
  WebSocket: WebSocketConstructor | undefined;
}

/** Dials one pool's server. Made once for a pool, so that what is expensive (a certificate context, a fetched pin) is shared. */
export interface Dialer {
  /**
   * Opens one socket. Rejects with the signal's reason when it aborts, and else with an Error whose message is the bare
   * reason ("connection refused", "server answered 503 Service Unavailable", "certificate has expired"). Leaves nothing open
   * when it rejects.
   */
  dial(signal: AbortSignal): Promise<Socket>;
  /** Frees what the dials share. */
  close(): void;
}

/** TLS of a listener: PEM text. */
export interface ServeTls {
  cert: string;
  key: string;
  /** Who signs client certificates. */
  ca?: string;
  requireClientCertificate?: boolean;
}

export interface ServeOptions {
  hostname: string;
  port: number;
  tls: ServeTls | undefined;
  /** A longer message ends its socket, where the runtime lets the limit be set (Bun). MAX_MESSAGE_BYTES by default. */
  maxMessageBytes?: number;
}

/** A listening server. */
export interface Listener {
  readonly address: NetAddress;
  /**
   * Stops listening and drops every connection that is left; resolves when the port is free, and waits for no peer. WebSockets
   * are dropped too, for Deno cannot stop listening without: whoever lets them end does so first, and closes the listener last.
   */
  close(): Promise<void>;
}

/** A request handler as Deno.serve and Bun.serve call it; the second argument is the runtime's own. */
export type RequestHandler = (
  request: Request,
  serverOrInfo: unknown,
) => Response | undefined | Promise<Response | undefined>;

/** The port to a runtime: all that the module asks of Deno or Bun. */
export interface Runtime {
  readonly name: "deno" | "bun";
  /** Checks that this runtime can do what the options ask, else throws NotSupportedError, and makes the dialer. Opens nothing. */
  dialer(options: DialOptions): Dialer;
  /** Throws NotSupportedError for what a listener cannot do on this runtime. Called when a pool is constructed. */
  checkServe(options: ServeOptions): void;
  /** Binds and listens. Rejects with a PoolError whose cause is the runtime's own error. */
  serve(options: ServeOptions, handler: RequestHandler): Promise<Listener>;
  /** Who sent the request; undefined when the second argument is not what the runtime's server passes. */
  remoteAddress(request: Request, serverOrInfo: unknown): NetAddress | undefined;
  /**
   * Answers an upgrade request. `response` is what the request handler must return: undefined on Bun. Resolves `socket` when
   * the socket is open; it rejects when the client went away before that, or after 10 s. Throws where the request cannot be upgraded.
   */
  upgrade(request: Request, serverOrInfo: unknown): { response: Response | undefined; socket: Promise<Socket> };
  /** Bun's handler object for `Bun.serve({ websocket })`; an empty object on Deno. A longer message ends its socket. */
  websocket(maxMessageBytes?: number): object;
}

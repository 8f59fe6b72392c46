import type { NetAddress, Socket } from "./socket.ts";

/** TLS of a dial, checked and normalized by the options. */
export interface DialTls {
  /** "self-signed" accepts any certificate (that matches the pin, if there is one); "verified" checks chain and name. */
  mode: "self-signed" | "verified";
  /** PEM certificates to trust instead of the system's; in addition to them where Deno's global WebSocket dials. */
  caCerts?: readonly string[];
  /** PEM client certificate, with its chain. */
  cert?: string;
  /** PEM private key of `cert`. */
  key?: string;
  /** The name to send as SNI and to verify, instead of the URL's host. */
  serverName?: string;
  /**
   * SHA-256 of the accepted certificates (DER), 64 lower-case hex digits each. Bun refuses an expired one, even in the mode
   * "self-signed".
   */
  pinSha256?: readonly string[];
}

/**
 * A constructor of the web-standard WebSocket interface, or of the part of it that a pool uses, such as `WebSocket` of npm:ws.
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

/** The options that all dials of a pool share. */
export interface DialOptions {
  /** "ws://…" or "wss://…". */
  url: string;
  headers: Readonly<Record<string, string>>;
  /** Undefined for "ws://". */
  tls: DialTls | undefined;
  /** The constructor to dial with, instead of the runtime's own choice. */
  WebSocket: WebSocketConstructor | undefined;
}

/**
 * Dials one pool's server. Created once per pool, so that what is expensive (a certificate context, a fetched pin) is shared.
 */
export interface Dialer {
  /**
   * Opens one socket. Rejects with the signal's reason if it aborts, otherwise with an Error whose message is the bare reason
   * ("connection refused", "server answered 503 Service Unavailable", "certificate has expired"). Leaves nothing open when it
   * rejects.
   */
  dial(signal: AbortSignal): Promise<Socket>;
  /** Frees what the dials share. */
  close(): void;
}

/** TLS of a listener: PEM text. */
export interface ServeTls {
  cert: string;
  key: string;
  /** The authorities that sign client certificates. */
  ca?: string;
  requireClientCertificate?: boolean;
}

export interface ServeOptions {
  hostname: string;
  port: number;
  tls: ServeTls | undefined;
  /** A longer message closes its socket, where the runtime lets the limit be set (Bun). MAX_MESSAGE_BYTES by default. */
  maxMessageBytes?: number;
}

/** A listening server. */
export interface Listener {
  readonly address: NetAddress;
  /**
   * Stops listening and drops every connection that is left; resolves when the port is free, without waiting for any peer.
   * WebSockets are dropped too, because Deno cannot stop listening otherwise: to let them end, close the listener last.
   */
  close(): Promise<void>;
}

/** A request handler as Deno.serve and Bun.serve call it; the second argument is the runtime's own. */
export type RequestHandler = (
  request: Request,
  serverOrInfo: unknown,
) => Response | undefined | Promise<Response | undefined>;

/** Notified once of how the upgrade of a request ended. */
export interface UpgradeEnd {
  /**
   * The socket is open. On Bun that is the case before `upgrade` returns, unless an application's own handler calls `open`
   * later: what is sent here leaves with the answer.
   */
  opened(socket: Socket): void;
  /** The socket did not open: the client went away first, or 10 s have passed. */
  failed(error: Error): void;
}

/** The port to a runtime: everything that this module needs from Deno or Bun. */
export interface Runtime {
  readonly name: "deno" | "bun";
  /** Creates the dialer, or throws NotSupportedError if this runtime cannot do what the options ask. Opens nothing. */
  dialer(options: DialOptions): Dialer;
  /** Throws NotSupportedError for what a listener cannot do on this runtime. Called when a pool is constructed. */
  checkServe(options: ServeOptions): void;
  /** Binds and listens. Rejects with a PoolError whose cause is the runtime's own error. */
  serve(options: ServeOptions, handler: RequestHandler): Promise<Listener>;
  /** Who sent the request; undefined when the second argument is not what the runtime's server passes. */
  remoteAddress(request: Request, serverOrInfo: unknown): NetAddress | undefined;
  /**
   * Answers an upgrade request, and returns what the request handler must return: undefined on Bun. `peer` becomes the socket's
   * remote address. Throws if the request cannot be upgraded; `end` is not notified then.
   */
  upgrade(
    request: Request,
    serverOrInfo: unknown,
    peer: NetAddress | undefined,
    end: UpgradeEnd,
  ): Response | undefined;
  /** Bun's handler object for `Bun.serve({ websocket })`; an empty object on Deno. A longer message closes its socket. */
  websocket(maxMessageBytes?: number): object;
}

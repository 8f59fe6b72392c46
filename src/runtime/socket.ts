/**
 * A TCP endpoint.
 *
 * @example
 * ```ts
 * import type { NetAddress } from "@npws/pool";
 *
 * /** The usual form of an endpoint. *\/
 * export function format({ hostname, port }: NetAddress): string {
 *   return hostname.includes(":") ? `[${hostname}]:${port}` : `${hostname}:${port}`;
 * }
 * ```
 */
export interface NetAddress {
  /** An IP address, or a name if the runtime was given one. */
  hostname: string;
  /** The port; 0 if it is not known. */
  port: number;
  /** Always "tcp". */
  transport: "tcp";
}

/**
 * What is known about a link's TLS session. Members that the runtime does not expose are undefined.
 *
 * @example
 * ```ts
 * import type { PoolConnection } from "@npws/pool";
 *
 * /** Whether a connection is encrypted, and its peer is who it claims to be. *\/
 * export function isTrusted({ tls }: PoolConnection): boolean {
 *   return tls?.authorized ?? false;
 * }
 * ```
 */
export interface TlsInfo {
  /** "TLSv1.2" or "TLSv1.3". */
  protocol?: string;
  /** The cipher suite's name. */
  cipher?: string;
  /** Whether the peer's certificate chain was verified, or its pin matched. */
  authorized: boolean;
  /** The name sent as SNI. */
  serverName?: string;
  /** SHA-256 of the peer's certificate (DER), 64 lower-case hex digits. */
  peerCertificateSha256?: string;
}

/**
 * One WebSocket message: binary or text. A binary one is fresh memory that nobody else refers to and whose buffer can be
 * transferred.
 */
export type Message = Uint8Array<ArrayBuffer> | string;

/** Receives a socket's events. Never called before `Socket.handler` is set: until then everything is queued in order. */
export interface SocketHandler {
  /** A message arrived. Never an empty binary one: the adapters drop those (they carry nothing). */
  onMessage(message: Message): void;
  /** `bufferedBytes` fell to the low-water mark or below after `send` had returned false. */
  onDrain(): void;
  /** The socket is closed: called exactly once, and last. `code` is 1006 if there was no close frame. */
  onClose(code: number, reason: string): void;
}

/**
 * A WebSocket without the differences between the runtimes. `send`, `close` and `terminate` never throw on a closed socket: the
 * handler is notified of what happened, once.
 */
export interface Socket {
  /**
   * Set it in the turn in which the socket was obtained, or later: messages and the close are held until then. May be replaced.
   */
  handler: SocketHandler | undefined;
  readonly localAddress: NetAddress | undefined;
  readonly remoteAddress: NetAddress | undefined;
  readonly tls: TlsInfo | undefined;
  /**
   * Sends one message; its memory may be reused once this has returned. False: the high-water mark is reached, so wait for
   * `handler.onDrain`; or the peer is closing, and `handler.onClose` follows. (After `close`, or once closed, it returns true and
   * sends nothing: there is nothing to wait for.)
   */
  send(message: Uint8Array | string): boolean;
  /** Bytes accepted by `send` that the runtime still holds. */
  readonly bufferedBytes: number;
  /** Calls back once, when `bufferedBytes` is 0 or at once if it already is; never if the socket closes first. */
  onceSent(callback: () => void): void;
  /** From now on a longer message closes the socket with 1009, where the runtime supports that: in a client on Deno. */
  limitMessages(maxBytes: number): void;
  /** Whether `pause` can hold the peer back. If not, `pause` and `resume` do nothing. */
  readonly canPause: boolean;
  pause(): void;
  resume(): void;
  /** Sends a WebSocket ping without waiting for the answer. False if the runtime cannot. */
  ping(): boolean;
  /**
   * Starts the closing handshake (RFC 6455 section 7.1.2), after everything already sent. Resumes a paused socket first. The
   * handler's `onClose` follows when the peer has answered; the caller keeps the deadline and calls `terminate`. A code from
   * 1001 to 1014 is sent with 3000 added where the runtime's `close` refuses it, and the reason is truncated to what a close
   * frame holds, 123 bytes.
   */
  close(code: number, reason: string): void;
  /**
   * Drops the socket without a handshake. The handler's `onClose(1006)` is called before this returns, unless it was called
   * already.
   */
  terminate(): void;
}

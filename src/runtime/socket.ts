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
  /** An IP address, or a name where the runtime was given one. */
  hostname: string;
  /** The port, 0 where the runtime does not tell it. */
  port: number;
  /** Always "tcp". */
  transport: "tcp";
}

/**
 * What is known of a link's TLS session. Members that the runtime hides are undefined.
 *
 * @example
 * ```ts
 * import type { PoolConnection } from "@npws/pool";
 *
 * /** Whether a connection is encrypted, and its peer is who it says. *\/
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

/** One WebSocket message: binary or text. Binary ones are fresh memory that nobody else refers to and whose buffer can be transferred. */
export type Message = Uint8Array<ArrayBuffer> | string;

/** Who is told what happens on a socket. Never called before `Socket.handler` was set: until then everything is queued in order. */
export interface SocketHandler {
  /** A message came. Never empty binary: the adapters drop those (they carry nothing). */
  onMessage(message: Message): void;
  /** `bufferedBytes` fell below the low-water mark after `send` had returned false. */
  onDrain(): void;
  /** The socket is closed: exactly once, the last call. `code` is 1006 where there was no close frame. */
  onClose(code: number, reason: string): void;
}

/**
 * A WebSocket with the runtimes' differences erased. `send`, `close` and `terminate` never throw for a socket that is closed:
 * what happened is told to the handler, once.
 */
export interface Socket {
  /** Set it in the turn in which the socket was obtained, or later: messages and the close are kept until then. May be replaced. */
  handler: SocketHandler | undefined;
  readonly localAddress: NetAddress | undefined;
  readonly remoteAddress: NetAddress | undefined;
  readonly tls: TlsInfo | undefined;
  /**
   * Sends one message; the memory may be reused when it returned. False: the high-water mark is reached, so wait for
   * `handler.onDrain`; or the close is under way, and `handler.onClose` will tell. (A closed socket returns true: nothing is to
   * be waited for.)
   */
  send(message: Uint8Array | string): boolean;
  /** Bytes accepted by `send` that the runtime still holds. */
  readonly bufferedBytes: number;
  /** Calls back once when `bufferedBytes` is 0, at once where it is; never where the socket is closed before. */
  onceSent(callback: () => void): void;
  /** From here on a longer message ends the socket with 1009, where the runtime lets this be said: in a client on Deno. */
  limitMessages(maxBytes: number): void;
  /** Whether `pause` can hold the peer back. Where it cannot, `pause` and `resume` do nothing. */
  readonly canPause: boolean;
  pause(): void;
  resume(): void;
  /** Sends a WebSocket ping whose answer nobody waits for. False where the runtime has none. */
  ping(): boolean;
  /**
   * Starts the closing handshake (RFC 6455 section 7.1.2), after what was sent. Resumes a paused socket first. The handler's
   * `onClose` follows when the peer answered; the caller keeps the deadline and calls `terminate`. A code from 1001 to 1014 is
   * sent as 3000 more where the runtime's `close` refuses it, and of a reason as much as a close frame holds, 123 bytes.
   */
  close(code: number, reason: string): void;
  /** Drops the socket without a handshake. The handler's `onClose(1006)` is called before it returns, unless it was called already. */
  terminate(): void;
}

/** The part of the global `Bun` that this module uses. */
export interface BunApi {
  serve(options: {
    hostname: string;
    port: number;
    tls: unknown;
    fetch: unknown;
    websocket: BunWebSocketHandler;
    error?(error: Error): Response;
  }): BunServer;
}

export interface BunServer {
  /** As requested; it may be a name. */
  readonly hostname: string;
  /** The address that it listens on. */
  readonly address: { readonly address: string } | null | undefined;
  readonly port: number;
  upgrade(request: Request, options: { data: unknown }): boolean;
  requestIP(request: Request): { address: string; port: number } | null;
  stop(closeActiveConnections?: boolean): Promise<void>;
}

/** One object for all sockets of a server. */
export interface BunWebSocketHandler {
  open(socket: BunServerWebSocket): void;
  message(socket: BunServerWebSocket, message: string | Uint8Array<ArrayBuffer>): void;
  drain(socket: BunServerWebSocket): void;
  close(socket: BunServerWebSocket, code: number, reason: string): void;
  idleTimeout: number;
  sendPings: boolean;
  perMessageDeflate: boolean;
  backpressureLimit: number;
  maxPayloadLength: number;
}

/** The server's end of a socket. */
export interface BunServerWebSocket {
  readonly data: unknown;
  readonly readyState: number;
  binaryType: string;
  /** Bytes sent, -1 when they were queued, 0 when they were dropped. */
  send(message: Uint8Array | string): number;
  getBufferedAmount(): number;
  pause(): void;
  resume(): void;
  ping(): number;
  close(code: number, reason: string): void;
  terminate(): void;
}

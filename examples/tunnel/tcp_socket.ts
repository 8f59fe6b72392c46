import type { RelaySocket } from "@npws/pool/relay";
import type { HostPort } from "./host_port.ts";

/** How long a connection may be silent before the system asks whether its peer still lives, in milliseconds. */
export const KEEP_ALIVE_MS = 60_000;

/**
 * A connection: each direction ends by itself, and what is written leaves at once. Its data comes when somebody listens and has
 * called `resume()`.
 */
export interface TcpSocket extends RelaySocket {
  /** Ends the connection by a reset: an end would make what came so far look complete. */
  resetAndDestroy(): unknown;
}

/** A connection that is being made. */
export interface Connecting {
  readonly promise: Promise<TcpSocket>;
  /** Makes it no more: the promise rejects with the error. Later it does nothing. */
  giveUp(error: unknown): void;
}

/** A port that is listened on. */
export interface TcpListener {
  readonly address: HostPort;
  /** Stops listening; connections go on. */
  close(): void;
}

/** What a listener tells. */
export interface ListenerEvents {
  connected(socket: TcpSocket, from: HostPort): void;
  /** A connection could not be accepted, as when the process has no file descriptors left. Bun tells nobody. */
  failed(error: Error): void;
}

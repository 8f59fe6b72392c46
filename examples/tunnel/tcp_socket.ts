import type { RelaySocket } from "@npws/pool/relay";
import type { HostPort } from "./host_port.ts";

/**
 * A connection: each direction ends on its own, and what is written leaves at once. Its data arrives once somebody listens and
 * has called `resume()`.
 */
export interface TcpSocket extends RelaySocket {
  /** Ends the connection with a reset: a normal end would make what has arrived so far look complete. */
  resetAndDestroy(): unknown;
  /** Lets the system check, after this much silence in milliseconds, whether the peer is still alive. */
  setKeepAlive(isOn: boolean, initialDelayMs: number): unknown;
}

/** An attempt to connect. */
export interface Connecting {
  readonly promise: Promise<TcpSocket>;
  /** Gives up the attempt: the promise rejects with the error. Does nothing once the attempt has ended. */
  giveUp(error: unknown): void;
}

/** A port that accepts connections. */
export interface TcpListener {
  readonly address: HostPort;
  /** Stops listening; connections go on. */
  close(): void;
}

/** The events of a listener. */
export interface ListenerEvents {
  /** @param from Asks the system who connected; to be called at once or never. */
  connected(socket: TcpSocket, from: () => HostPort): void;
  /** A connection could not be accepted, as when the process has no file descriptors left. Bun does not report this. */
  failed(error: Error): void;
}

import { connect as openTcp, type Socket as NetSocket } from "node:net";
import { connect as openTls, type ConnectionOptions, type TLSSocket } from "node:tls";
import type { Endpoint } from "./endpoint.ts";

/** Errors of established connections, kept for whoever takes them over: one may occur before anybody else listens. */
const failures = new WeakMap<NetSocket, Error>();

/** Connects over TCP. Rejects with the runtime's error or the signal's reason, and leaves nothing open then. */
export function connectTcp({ host, port }: Endpoint, signal: AbortSignal): Promise<NetSocket> {
  signal.throwIfAborted();
  return connected(openTcp({ host, port }), "connect", signal);
}

/** Connects over TLS; otherwise like `connectTcp`. */
export function connectTls(
  endpoint: Endpoint,
  options: ConnectionOptions,
  signal: AbortSignal,
): Promise<TLSSocket> {
  signal.throwIfAborted();
  const { host, port, serverName: servername } = endpoint;
  return connected(openTls({ ...options, host, port, servername }), "secureConnect", signal);
}

/** What broke an established connection; undefined while it is intact. */
export function failureOf(socket: NetSocket): Error | undefined {
  const failure = failures.get(socket);
  if (failure || !socket.destroyed) return failure;
  return Object.assign(new Error("socket closed"), { code: "ECONNRESET" });
}

function connected<Kind extends NetSocket>(socket: Kind, event: string, signal: AbortSignal): Promise<Kind> {
  // Never removed: without a listener, an error ends the process.
  socket.on("error", keepFailure);
  return new Promise((resolve, reject) => {
    const settle = () => {
      signal.removeEventListener("abort", abort);
      // Another takes its place: once an event has lost its last listener, Deno keeps all of them in a larger and slower table.
      socket.on(event, ignore).off(event, succeed).off("error", fail);
    };
    const succeed = () => {
      settle();
      socket.setNoDelay(true); // Nagle's algorithm would hold back data until the peer has acknowledged the last packet
      resolve(socket);
    };
    const fail = (error: Error) => {
      settle();
      socket.destroy();
      reject(error);
    };
    const abort = () => fail(signal.reason);
    signal.addEventListener("abort", abort);
    socket.on(event, succeed).on("error", fail);
  });
}

function keepFailure(this: NetSocket, error: Error): void {
  failures.set(this, error);
}

function ignore(): void {}

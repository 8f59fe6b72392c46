import { connect as openTcp, type Socket as NetSocket } from "node:net";
import { connect as openTls, type ConnectionOptions, type TLSSocket } from "node:tls";
import type { Endpoint } from "./endpoint.ts";

/** Connects over TCP. Rejects with the runtime's error, or with the signal's reason; nothing is open then. */
export function connectTcp({ host, port }: Endpoint, signal: AbortSignal): Promise<NetSocket> {
  signal.throwIfAborted();
  return connected(openTcp({ host, port }), "connect", signal);
}

/** Connects over TLS; as `connectTcp`. */
export function connectTls(
  endpoint: Endpoint,
  options: ConnectionOptions,
  signal: AbortSignal,
): Promise<TLSSocket> {
  signal.throwIfAborted();
  const { host, port, serverName: servername } = endpoint;
  return connected(openTls({ ...options, host, port, servername }), "secureConnect", signal);
}

function connected<Kind extends NetSocket>(socket: Kind, event: string, signal: AbortSignal): Promise<Kind> {
  // For good: an error that comes before somebody else listens must not end the process.
  socket.on("error", ignore);
  return new Promise((resolve, reject) => {
    const settle = () => {
      signal.removeEventListener("abort", abort);
      socket.off(event, succeed).off("error", fail);
    };
    const succeed = () => {
      settle();
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

function ignore(): void {}

import { BunSocket, type NativeSocket } from "./bun_socket.ts";
import type { HostPort } from "./host_port.ts";
import { connectOnNode } from "./node_tcp.ts";
import type { Connecting, ListenerEvents, TcpListener, TcpSocket } from "./tcp_socket.ts";

/** The part of Bun that is used here; a project on Bun has `@types/bun`. */
declare const Bun: {
  listen(options: object): HostPort & { stop(): void };
  connect(options: object): Promise<NativeSocket>;
};

/** How many attempts to connect were given up but still run. Bun cannot cancel them; the system takes minutes to fail. */
let givenUp = 0;

/** Listens with Bun's own sockets. Throws the system's error. */
export function listenOnBun(address: HostPort, events: ListenerEvents): TcpListener {
  const open = (native: NativeSocket) => {
    BunSocket.handlers.open(native);
    events.connected(native.data, () => {
      const { remoteAddress = "", remotePort = 0 } = native; // a connection that was reset at once has none
      return { hostname: remoteAddress, port: remotePort };
    });
  };
  const listener = Bun.listen({ ...address, allowHalfOpen: true, socket: { ...BunSocket.handlers, open } });
  const { hostname, port } = listener;
  return { address: { hostname, port }, close: () => listener.stop() };
}

/**
 * Starts to connect with Bun's own sockets, or with node:net while attempts that were given up are still running. Rejects with
 * the system's error.
 */
export function connectOnBun(target: HostPort): Connecting {
  if (givenUp > 0) return connectOnNode(target);
  const { promise, resolve, reject } = Promise.withResolvers<TcpSocket>();
  const connected = Bun.connect({ ...target, allowHalfOpen: true, socket: BunSocket.handlers });
  let isUnderWay = true;
  connected.finally(() => isUnderWay = false).then(({ data }) => resolve(data), reject);
  const giveUp = (error: unknown) => {
    if (!isUnderWay) return;
    reject(error);
    endWhenConnected(connected);
  };
  return { promise, giveUp };
}

async function endWhenConnected(connected: Promise<NativeSocket>): Promise<void> {
  givenUp++;
  try {
    (await connected).terminate();
  } catch {
    // as expected
  } finally {
    givenUp--;
  }
}

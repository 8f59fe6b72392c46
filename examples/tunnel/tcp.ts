import { connectOnBun, listenOnBun } from "./bun_tcp.ts";
import type { HostPort } from "./host_port.ts";
import { connectOnNode, listenOnNode } from "./node_tcp.ts";
import { systemReason } from "./system_error.ts";
import type { Connecting, ListenerEvents, TcpListener } from "./tcp_socket.ts";

const isBun = "Bun" in globalThis;

/**
 * Listens on a port.
 *
 * @throws {Error} The bind error; its message is only the reason.
 */
export async function listenTcp(address: HostPort, events: ListenerEvents): Promise<TcpListener> {
  try {
    return await (isBun ? listenOnBun : listenOnNode)(address, events);
  } catch (error) {
    throw new Error(systemReason(error), { cause: error });
  }
}

/** Starts to connect to a target. */
export function beginToConnect(target: HostPort): Connecting {
  return (isBun ? connectOnBun : connectOnNode)(target);
}

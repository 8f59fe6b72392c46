import { connectOnBun, listenOnBun } from "./bun_tcp.ts";
import { formatHostPort, type HostPort } from "./host_port.ts";
import { connectOnNode, listenOnNode } from "./node_tcp.ts";
import { systemReason } from "./system_error.ts";
import type { ListenerEvents, TcpListener, TcpSocket } from "./tcp_socket.ts";

const isBun = "Bun" in globalThis;

/**
 * Listens on a port.
 *
 * @throws {Error} The bind error; the message is the reason alone.
 */
export async function listenTcp(address: HostPort, events: ListenerEvents): Promise<TcpListener> {
  try {
    return await (isBun ? listenOnBun : listenOnNode)(address, events);
  } catch (error) {
    throw new Error(systemReason(error), { cause: error });
  }
}

/**
 * Connects to a target.
 *
 * @param signal Gives it up.
 * @throws {Error} It cannot be reached in time, or was given up; the message says why.
 */
export async function connectTcp(target: HostPort, timeoutMs: number, signal: AbortSignal): Promise<TcpSocket> {
  const { promise, giveUp } = (isBun ? connectOnBun : connectOnNode)(target);
  const ended = Promise.withResolvers<never>();
  const abort = () => ended.reject(signal.reason);
  const timer = setTimeout(() => ended.reject(new Error(`no connection within ${timeoutMs} ms`)), timeoutMs);
  signal.addEventListener("abort", abort);
  if (signal.aborted) abort();
  try {
    return await Promise.race([promise, ended.promise]);
  } catch (error) {
    giveUp();
    throw new Error(`Cannot connect to ${formatHostPort(target)}: ${systemReason(error)}`, { cause: error });
  } finally {
    clearTimeout(timer);
    signal.removeEventListener("abort", abort);
  }
}

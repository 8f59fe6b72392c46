/**
 * A pool of WebSocket connections between a client behind a NAT or firewall and a server: when one side needs a connection to
 * the other, it takes one that is already open. Runs on Deno and Bun, and interoperates with the Go package npws.
 *
 * @example
 * ```ts
 * import { ClientPool, ServerPool } from "@npws/pool";
 *
 * await using server = new ServerPool({ hostname: "127.0.0.1" });
 * await server.start();
 * await using client = new ClientPool({ url: `ws://127.0.0.1:${server.address.port}` });
 * await client.start();
 *
 * // The server opens a stream over a link that is already open, and the client accepts the other end.
 * const [ours, theirs] = await Promise.all([server.open(), client.accept()]);
 *
 * const writer = ours.writable.getWriter();
 * await writer.write(new TextEncoder().encode("hello"));
 * await writer.close();
 * console.log(await new Response(theirs.readable).text()); // hello
 * await Promise.all([ours.close(), theirs.close()]);
 * ```
 *
 * @module
 */
export { ClientPool } from "./src/pool/client_pool.ts";
export type { PoolConnection } from "./src/connection/connection.ts";
export {
  ConnectionLostError,
  ConnectionResetError,
  NotSupportedError,
  PoolClosedError,
  PoolError,
  PoolExhaustedError,
  PoolTimeoutError,
  ProtocolError,
} from "./src/errors.ts";
export type {
  DialErrorDetail,
  LinkCloseDetail,
  LinkOpenDetail,
  PoolEventListener,
  PoolEventMap,
  PoolEvents,
  RefuseDetail,
  ResizeDetail,
} from "./src/events.ts";
export type { ClientPoolOptions } from "./src/options/client_options.ts";
export type { ClientTlsOptions } from "./src/options/client_tls.ts";
export type { GetOptions } from "./src/options/get_options.ts";
export type { PoolOptions } from "./src/options/pool_options.ts";
export type { ServerPoolOptions, ServerTlsOptions } from "./src/options/server_options.ts";
export { Pool } from "./src/pool/pool.ts";
export type { WebSocketConstructor } from "./src/runtime/runtime.ts";
export type { NetAddress, TlsInfo } from "./src/runtime/socket.ts";
export { ServerPool } from "./src/pool/server_pool.ts";
export type { PoolStats } from "./src/stats.ts";

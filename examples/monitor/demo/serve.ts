import type { ServerPool } from "@npws/pool";
import { systemReason } from "../../tunnel/system_error.ts";

/** The application's own HTTP server. */
export interface HttpServer {
  readonly port: number;
  /** Resolves when no request is left: close the pools and the monitor first. */
  close(): Promise<void>;
}

type Handler = (request: Request, serverOrInfo: unknown) => Response | undefined | Promise<Response | undefined>;

/** The part of Bun that is used here; a project on Bun has `@types/bun`. */
declare const Bun: { serve(options: object): { port: number; stop(): Promise<void> } };

/**
 * Listens with the runtime's own HTTP server.
 *
 * @param pool Its links may arrive through this server.
 * @throws {Error} The bind error.
 */
export function serve(hostname: string, port: number, handler: Handler, pool: ServerPool): HttpServer {
  try {
    return "Bun" in globalThis ? serveOnBun(hostname, port, handler, pool) : serveOnDeno(hostname, port, handler);
  } catch (error) {
    throw new Error(`Cannot listen on ${hostname}:${port}: ${systemReason(error)}`, { cause: error });
  }
}

function serveOnBun(hostname: string, port: number, fetch: Handler, { websocket }: ServerPool): HttpServer {
  const server = Bun.serve({ hostname, port, fetch, websocket });
  return { port: server.port, close: () => server.stop() };
}

function serveOnDeno(hostname: string, port: number, handler: Handler): HttpServer {
  const server = Deno.serve({ hostname, port, onListen() {} }, handler as Deno.ServeHandler);
  return { port: server.addr.port, close: () => server.shutdown() };
}

import { type PoolConnection, ServerPool } from "@npws/pool";
import type { Readable, Writable } from "node:stream";
import { decode, encode, type FromServer, type ToServer } from "./messages.ts";
import { statsAtRest } from "./stats_at_rest.ts";

/** What the server does with a connection. Resolves with the SHA-256 of what arrived. */
type Service = (connection: PoolConnection) => Promise<string>;

/** Runs a ServerPool as directed by the messages on `input`, until they end, and answers on `output`. */
export async function serve(input: Readable, output: Writable, service: Service): Promise<void> {
  const tell = (message: FromServer) => void output.write(encode(message));
  const orders = decode<ToServer>(input);
  const { value: first } = await orders.next();
  if (first?.kind !== "listen") return;
  const { port, cert, key, maxCapacity } = first;
  const pool = new ServerPool({ hostname: "127.0.0.1", port, tls: { cert, key }, maxCapacity });
  try {
    await pool.start();
    tell({ kind: "listening", port: pool.address.port });
    serveAll(pool, service, tell);
    for await (const { kind } of orders) {
      if (kind === "tellStats") tell({ kind: "stats", stats: await statsAtRest(pool) });
    }
  } catch (error) {
    tell({ kind: "failed", message: (error as Error).message });
  } finally {
    await pool.close({ drainMs: 0 });
  }
}

/** Serves the streams that the client opens, until the pool closes. */
async function serveAll(pool: ServerPool, service: Service, tell: (message: FromServer) => void): Promise<void> {
  for await (const connection of pool.accepted()) {
    serveOne(connection, service).then(
      (sha256) => tell({ kind: "arrived", id: connection.id, sha256 }),
      (error) => tell({ kind: "failed", message: error.message }),
    );
  }
}

async function serveOne(connection: PoolConnection, service: Service): Promise<string> {
  await using _ = connection;
  return await service(connection);
}

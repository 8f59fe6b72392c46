import { ClientPool } from "@npws/pool";
import { raw } from "./raw.ts";
import type { RawSocket } from "./raw_socket.ts";

/** How many dials are in progress at a time: the pool's default. */
const DIAL_CONCURRENCY = 16;

/** The kind of idle links. */
export type FillKind = "pool" | "raw";

/** A client pool with the requested number of idle links, and their ids. */
export interface FilledPool {
  pool: ClientPool;
  ids: string[];
}

/** Opens a pool of idle links. */
export async function fillPool(url: string, count: number, protocol: 1 | 2): Promise<FilledPool> {
  const pool = new ClientPool({ url, protocol, minCapacity: count, dialConcurrency: DIAL_CONCURRENCY });
  const ids: string[] = [];
  const filled = new Promise<void>((resolve) => {
    pool.addEventListener("linkopen", ({ detail: { id } }) => {
      if (ids.push(id) === count) resolve();
    });
  });
  await pool.start();
  await filled;
  return { pool, ids };
}

/** Opens `count` raw WebSockets in the same way. */
export async function fillRaw(url: string, count: number): Promise<RawSocket[]> {
  const sockets: RawSocket[] = [];
  let left = count;
  const dialer = async () => {
    while (left-- > 0) sockets.push(await raw.dial(url));
  };
  await Promise.all(Array.from({ length: DIAL_CONCURRENCY }, dialer));
  return sockets;
}

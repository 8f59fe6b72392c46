import type { ClientPoolOptions, Pool, ServerPoolOptions } from "@npws/pool";
import { type Clock, systemClock } from "../../src/time/clock.ts";
import { dialNpws1, glued, type Greeting, Npws1Server } from "../npws1_peer.ts";
import type { RawLink } from "../raw_link.ts";
import { clientPool, serverPool, transports } from "./pools.ts";

/** A pool of this module, and the other ends of its links, which the test holds itself. */
export interface Rig extends AsyncDisposable {
  readonly pool: Pool;
  /** The next link, whose id has been sent. */
  nextLink(): Promise<RawLink>;
}

/** One of the roles that a pool can have. */
export interface Role {
  readonly name: string;
  open(options?: { pool?: Partial<ClientPoolOptions & ServerPoolOptions>; clock?: Clock }): Promise<Rig>;
}

const clientRoles = transports.map(({ name, options }): Role => ({
  name: `a client pool on ${name}`,
  open: ({ pool, clock } = {}) => openClientRig({ ...options, ...pool }, { clock }),
}));

/** A pool in each role, on each kind of socket that it can have. */
export const roles: Role[] = [...clientRoles, { name: "a server pool", open: openServerRig }];

/** A client pool whose server is the test. Disposing it takes no longer than necessary, even if the peer answers no close. */
export async function openClientRig(
  options: Partial<ClientPoolOptions>,
  { clock = systemClock, greet = glued }: { clock?: Clock; greet?: Greeting } = {},
): Promise<Rig & { server: Npws1Server }> {
  const server = await Npws1Server.listen(greet);
  const pool = clientPool({ url: server.url, ...options }, { clock });
  pool.start();
  return {
    server,
    pool,
    nextLink: () => server.nextLink(),
    async [Symbol.asyncDispose]() {
      await Promise.all([pool.close({ drainMs: 0 }), server[Symbol.asyncDispose]()]);
    },
  };
}

async function openServerRig(
  { pool: options, clock = systemClock }: { pool?: ServerPoolOptions; clock?: Clock } = {},
): Promise<Rig> {
  const pool = serverPool(options, { clock });
  await pool.start();
  const links: RawLink[] = [];
  return {
    pool,
    async nextLink() {
      const link = await dialNpws1(pool.address.port);
      links.push(link);
      return link;
    },
    async [Symbol.asyncDispose]() {
      const closed = pool.close({ drainMs: 0 });
      for (const link of links) link.destroy();
      await closed;
    },
  };
}

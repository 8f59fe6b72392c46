import { benchCase, type Ends, type Figure } from "../bench_case.ts";
import { cpuUsOf } from "../cpu.ts";
import { type FilledPool, fillPool } from "../fill.ts";
import { exchange, SessionServer } from "../session_ends.ts";

const FEW_LINKS = 100;
const MANY_LINKS = 10_000;
const SESSIONS = 3_000;
const BYTES = 100;

class TakingClient {
  readonly #pools = new Map<number, FilledPool>();

  async connectTo(url: string): Promise<void> {
    for (const links of [FEW_LINKS, MANY_LINKS]) this.#pools.set(links, await fillPool(url, links, 2));
  }

  /** Processor time of this process per stream, in microseconds. */
  async cpuOfSessionUs(links: number, sessions: number): Promise<number> {
    const { pool } = this.#pools.get(links)!;
    const us = await cpuUsOf(async () => {
      for (let i = 0; i < sessions; i++) await exchange(await pool.open(), BYTES);
    });
    return us / sessions;
  }
}

/** Whether a take and its return cost more with many idle links than with few. */
export const take = benchCase({
  name: "take",
  about: "Whether taking a link and giving it back cost more when many are idle (npws/2).",
  server: SessionServer,
  client: TakingClient,
  async open({ server, client }: Ends<SessionServer, TakingClient>) {
    const { pool } = await server.call("listen");
    await server.call("serve");
    await client.call("connectTo", pool);
  },
  figures: [{
    name: `take and return at ${MANY_LINKS.toLocaleString("en")} idle links, CPU of the client`,
    unit: "µs",
    ours: cpuOfSessionUs(MANY_LINKS),
    baselines: [{
      name: `at ${FEW_LINKS} idle links`,
      measure: cpuOfSessionUs(FEW_LINKS),
      target: { is: "at most", limit: 1.2 },
    }],
  }],
});

function cpuOfSessionUs(links: number): Figure<SessionServer, TakingClient>["ours"] {
  return ({ client }, effort) => client.call("cpuOfSessionUs", links, SESSIONS * effort);
}

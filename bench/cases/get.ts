import type { Pool } from "@npws/pool";
import { benchCase, type Ends, type Figure } from "../bench_case.ts";
import { cpuUsOf } from "../cpu.ts";
import { FillClient, FillServer } from "../fill_ends.ts";
import type { Role } from "../remote.ts";

const LINKS = 1_000;

class GetServer extends FillServer {
  readonly #ids: string[] = [];

  constructor() {
    super();
    this.pool.addEventListener("linkopen", ({ detail: { id } }) => this.#ids.push(id));
  }

  get(): Promise<number> {
    return cpuOfGetsUs(this.pool, this.#ids);
  }

  override drop(): void {
    this.#ids.length = 0;
  }
}

class GetClient extends FillClient {
  get(): Promise<number> {
    const { pool, ids } = this.pools[0];
    return cpuOfGetsUs(pool, ids);
  }

  /** The minimum cost of a connection: its two streams. */
  makeStreams(count: number): Promise<number> {
    const streams: unknown[] = [];
    return cpuUs(count, () => streams.push(new ReadableStream({ type: "bytes" }), new WritableStream()));
  }
}

/** The cost of getting an existing link, compared with creating the streams of a connection. */
export const get = benchCase({
  name: "get",
  about:
    "What it costs to get a link that is idle, in processor time of all threads (npws/1, where no message is needed).",
  server: GetServer,
  client: GetClient,
  async open({ server, client }) {
    await client.call("connectTo", await server.call("listen"));
  },
  figures: [getAt("client"), getAt("server")],
});

function getAt(role: Role): Figure<GetServer, GetClient> {
  return {
    name: `get by id at the ${role}, CPU`,
    unit: "µs",
    target: { is: "at most", limit: 20 },
    ours: (ends, effort) => getAll(ends, role, LINKS * effort),
    baselines: [{
      name: "two empty web streams",
      measure: ({ client }, effort) => client.call("makeStreams", LINKS * effort),
    }],
  };
}

async function getAll(ends: Ends<GetServer, GetClient>, role: Role, links: number): Promise<number> {
  await ends.client.call("fill", "pool", links);
  const us = await (role === "client" ? ends.client.call("get") : ends.server.call("get"));
  await ends.client.call("drop");
  await ends.server.call("drop");
  return us;
}

function cpuOfGetsUs(pool: Pool, ids: string[]): Promise<number> {
  const connections: unknown[] = [];
  return cpuUs(ids.length, async (i) => connections.push(await pool.outgoingGet(ids[i])));
}

/** Processor time per run. Nothing else happens meanwhile, because the event loop does not turn. */
async function cpuUs(times: number, run: (i: number) => unknown): Promise<number> {
  const us = await cpuUsOf(async () => {
    for (let i = 0; i < times; i++) await run(i);
  });
  return us / times;
}

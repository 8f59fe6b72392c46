import { setTimeout } from "node:timers/promises";
import { benchCase, type Ends } from "../bench_case.ts";
import { cpuUsOf } from "../cpu.ts";
import { FillClient, FillServer } from "../fill_ends.ts";
import { residentBytes } from "../memory.ts";

const LINKS = 10_000;

/** Longer than the default keep-alive plus the heartbeat timeout that follows it, in milliseconds. */
const WATCHED_MS = 40_000;

class IdleServer extends FillServer {
  constructor() {
    super(2);
  }

  watch(): Promise<number> {
    return cpuShare();
  }
}

class IdleClient extends FillClient {
  constructor() {
    super(2);
  }

  watch(): Promise<number> {
    return cpuShare();
  }
}

/** The cost of unused links: heartbeats and sweeps. */
export const idle = benchCase({
  name: "idle",
  about: "What links of npws/2 cost that nobody uses: heartbeats and sweeps with the default keep-alive.",
  server: IdleServer,
  client: IdleClient,
  isFresh: true,
  maxRounds: 1,
  async open({ server, client }: Ends<IdleServer, IdleClient>) {
    await client.call("connectTo", await server.call("listen"));
  },
  figures: [{
    name: `${LINKS.toLocaleString("en")} idle links, both ends, for ${WATCHED_MS / 1_000} s`,
    unit: "% of a core",
    target: { is: "at most", limit: 5 },
    async ours({ server, client }) {
      await client.call("fill", "pool", LINKS);
      const shares = await Promise.all([client.call("watch"), server.call("watch")]);
      return 100 * (shares[0] + shares[1]);
    },
    baselines: [],
  }],
});

/** The share of a core that this process uses while it has nothing to do. */
async function cpuShare(): Promise<number> {
  await residentBytes(); // garbage from the dials is not a cost of idle links
  return await cpuUsOf(() => setTimeout(WATCHED_MS)) / WATCHED_MS / 1_000;
}

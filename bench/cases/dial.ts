import { benchCase, type Ends } from "../bench_case.ts";
import { FillClient, FillServer } from "../fill_ends.ts";
import type { FillKind } from "../fill.ts";

const LINKS = 1_000;

/** How fast a client pool fills, compared with raw WebSockets that wait for their first message. */
export const dial = benchCase({
  name: "dial",
  about: "How fast a client pool opens links, each with an id (npws/1).",
  server: FillServer,
  client: FillClient,
  async open({ server, client }) {
    await client.call("connectTo", await server.call("listen"));
  },
  figures: [{
    name: "links dialed",
    unit: "1/s",
    ours: (ends, effort) => linksPerSecond(ends, "pool", LINKS * effort),
    baselines: [{
      name: "raw WebSocket",
      measure: (ends, effort) => linksPerSecond(ends, "raw", LINKS * effort),
      target: { is: "at least", limit: 0.7 },
    }],
  }],
});

async function linksPerSecond(
  { server, client }: Ends<FillServer, FillClient>,
  kind: FillKind,
  links: number,
): Promise<number> {
  const ms = await client.call("fill", kind, links);
  await client.call("drop");
  await server.call("drop");
  return links / ms * 1_000;
}

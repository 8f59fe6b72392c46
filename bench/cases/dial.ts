import { benchCase, type Ends } from "../bench_case.ts";
import { FillClient, FillServer } from "../fill_ends.ts";
import type { PipeKind } from "../pipe.ts";

const LINKS = 1_000;

/** How fast a client pool fills, against raw WebSockets that wait for their first message. */
export const dial = benchCase({
  name: "dial",
  server: FillServer,
  client: FillClient,
  async open({ server, client }) {
    await client.call("connectTo", await server.call("listen"));
  },
  figures: [{
    name: "links dialed",
    unit: "1/s",
    target: { of: "ratio", is: "at least", limit: 0.7 },
    ours: (ends, effort) => linksPerSecond(ends, "pool", LINKS * effort),
    baseline: (ends, effort) => linksPerSecond(ends, "raw", LINKS * effort),
  }],
});

async function linksPerSecond(
  { server, client }: Ends<FillServer, FillClient>,
  kind: PipeKind,
  links: number,
): Promise<number> {
  const ms = await client.call("fill", kind, links);
  await client.call("drop");
  await server.call("drop");
  return links / ms * 1_000;
}

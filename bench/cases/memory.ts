import { benchCase, type Ends, type Figure } from "../bench_case.ts";
import { FillClient, FillServer } from "../fill_ends.ts";
import type { FillKind } from "../fill.ts";
import { residentBytes } from "../memory.ts";
import type { Remote, Role } from "../remote.ts";

const LINKS = 4_000;

/** Links opened beforehand: compiled code, and heap growth caused by garbage from the first dials, are not a cost of links. */
const WARM_LINKS = 2_000;

/** A process whose memory is measured. */
interface Resident {
  residentBytes(): Promise<number>;
}

class MemoryServer extends FillServer {
  constructor() {
    super(2);
  }

  residentBytes(): Promise<number> {
    return residentBytes();
  }
}

class MemoryClient extends FillClient {
  constructor() {
    super(2);
  }

  residentBytes(): Promise<number> {
    return residentBytes();
  }
}

/** Resident memory of idle links, compared with idle raw WebSockets. */
export const memory = benchCase({
  name: "memory",
  about: "Resident memory for each idle link of npws/2, 4,000 of them, after the garbage was collected.",
  server: MemoryServer,
  client: MemoryClient,
  isFresh: true,
  async open({ server, client }) {
    await client.call("connectTo", await server.call("listen"));
  },
  figures: [memoryAt("client"), memoryAt("server")],
});

function memoryAt(role: Role): Figure<MemoryServer, MemoryClient> {
  return {
    name: `resident memory of an idle link at the ${role}`,
    unit: "KiB",
    ours: (ends) => kibPerLink(ends, role, "pool"),
    baselines: [{
      name: "raw WebSocket",
      measure: (ends) => kibPerLink(ends, role, "raw"),
      target: { is: "at most", limit: 1.3 },
    }],
  };
}

async function kibPerLink(ends: Ends<MemoryServer, MemoryClient>, role: Role, kind: FillKind): Promise<number> {
  const end: Remote<Resident> = ends[role];
  await ends.client.call("fill", kind, WARM_LINKS);
  const before = await end.call("residentBytes");
  await ends.client.call("fill", kind, LINKS);
  const after = await end.call("residentBytes");
  return (after - before) / LINKS / 1024;
}

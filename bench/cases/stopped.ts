import { ClientPool, type PoolConnection, ServerPool } from "@npws/pool";
import { benchCase, type Ends, type Figure } from "../bench_case.ts";
import { residentBytes } from "../memory.ts";
import { otherRole } from "../pipe_ends.ts";
import type { Remote, Role } from "../remote.ts";

const KIB = 1_024;
const MIB = 1_024 * KIB;
const MANY = 1_000;

/** What each stream may buffer: the window at its reader, and the queue in front of it at its writer. */
const WINDOW_BYTES = 256 * KIB;
const HIGH_WATER_BYTES = 64 * KIB;

/** A write that has been pending for this long is blocked by the reader, in milliseconds. */
const STALLED_MS = 1_000;

/** One end of streams that nobody reads. */
class StoppedEnd {
  protected connections: PoolConnection[] = [];

  residentBytes(): Promise<number> {
    return residentBytes();
  }

  /** Writes to every stream until none accepts more. */
  async flood(): Promise<void> {
    const chunk = new Uint8Array(HIGH_WATER_BYTES);
    await Promise.all(this.connections.map(async ({ writable }) => {
      const writer = writable.getWriter();
      while (await isTaken(writer.write(chunk)));
    }));
  }
}

class StoppedServer extends StoppedEnd {
  readonly #pool = new ServerPool({ hostname: "127.0.0.1", maxCapacity: 2 * MANY });

  async listen(): Promise<string> {
    await this.#pool.start();
    return `ws://127.0.0.1:${this.#pool.address.port}`;
  }

  async accept(count: number): Promise<void> {
    this.connections = await Promise.all(Array.from({ length: count }, () => this.#pool.accept()));
  }
}

class StoppedClient extends StoppedEnd {
  #url!: string;

  connectTo(url: string): void {
    this.#url = url;
  }

  async open(count: number): Promise<void> {
    const pool = new ClientPool({ url: this.#url, minCapacity: count });
    await pool.start();
    this.connections = await Promise.all(Array.from({ length: count }, () => pool.open()));
  }
}

type StoppedFigure = Figure<StoppedServer, StoppedClient>;

/** What both sides hold for streams whose reader has stopped while the writer continues for as long as it can. */
export const stopped = benchCase({
  name: "stopped",
  about:
    "What both sides hold of streams of npws/2 whose reader stopped while the writer goes on for as long as it can.",
  server: StoppedServer,
  client: StoppedClient,
  isFresh: true,
  async open({ server, client }: Ends<StoppedServer, StoppedClient>) {
    await client.call("connectTo", await server.call("listen"));
  },
  figures: (["client", "server"] as const).flatMap((reader) => [
    growthOfOne(reader, reader),
    growthOfOne(reader, otherRole(reader)),
    growthOfMany(reader, reader),
    growthOfMany(reader, otherRole(reader)),
  ]),
});

function growthOfOne(reader: Role, measured: Role): StoppedFigure {
  return {
    name: `stopped reader at the ${reader}: growth of the ${measured}`,
    unit: "MiB",
    target: { is: "at most", limit: 8 },
    ours: async (ends) => await growthBytes(ends, reader, measured, 1) / MIB,
    baselines: [],
  };
}

function growthOfMany(reader: Role, measured: Role): StoppedFigure {
  return {
    name: `${MANY.toLocaleString("en")} stopped readers at the ${reader}: growth of the ${measured}, each`,
    unit: "KiB",
    target: { is: "at most", limit: 1.2 * (WINDOW_BYTES + HIGH_WATER_BYTES) / KIB },
    ours: async (ends) => await growthBytes(ends, reader, measured, MANY) / MANY / KIB,
    baselines: [],
  };
}

async function growthBytes(
  ends: Ends<StoppedServer, StoppedClient>,
  reader: Role,
  measured: Role,
  count: number,
): Promise<number> {
  const end: Remote<StoppedEnd> = ends[measured];
  const writer: Remote<StoppedEnd> = ends[otherRole(reader)];
  await Promise.all([ends.server.call("accept", count), ends.client.call("open", count)]);
  const before = await end.call("residentBytes");
  await writer.call("flood");
  return await end.call("residentBytes") - before;
}

async function isTaken(written: Promise<void>): Promise<boolean> {
  let timer: ReturnType<typeof setTimeout>;
  const stalled = new Promise<boolean>((resolve) => timer = setTimeout(() => resolve(false), STALLED_MS));
  const taken = await Promise.race([written.then(() => true), stalled]);
  clearTimeout(timer!);
  return taken;
}

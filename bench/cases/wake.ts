import { ClientPool } from "@npws/pool";
import { benchCase } from "../bench_case.ts";
import { median } from "../statistics.ts";
import { raw } from "../raw.ts";
import { turn } from "../turn.ts";

const TIMES = 100;

/** Numbers its links 0, 1, 2 and so on, so that the client can wait for one that does not exist yet. */
class NumberingServer {
  #links = 0;

  async listen(): Promise<string> {
    const port = await raw.serve((socket) => {
      const id = new Uint8Array(4);
      new DataView(id.buffer).setUint32(0, this.#links++);
      socket.send(id);
    });
    return `ws://127.0.0.1:${port}`;
  }
}

class WaitingClient {
  #pool!: ClientPool;
  #openedAt = 0;

  async connectTo(url: string): Promise<void> {
    this.#pool = new ClientPool({ url, protocol: 1, maxCapacity: 1 });
    this.#pool.addEventListener("linkopen", () => this.#openedAt = performance.now());
    await this.#pool.start();
  }

  /** The median time from a link's opening until the wait for it ends, in microseconds. */
  async wait(times: number): Promise<number> {
    const waitsUs: number[] = [];
    for (let i = 0; i < times; i++) {
      const idle = await this.#pool.incomingGet();
      // Taking the link makes the pool dial, and the server assigns the next number to that new link.
      const awaited = await this.#pool.outgoingGet(nextId(idle.id));
      waitsUs.push((performance.now() - this.#openedAt) * 1_000);
      await Promise.all([idle.close(), awaited.close()]);
    }
    return median(waitsUs);
  }

  /** The median time of an empty event-loop turn, in microseconds. */
  async turns(times: number): Promise<number> {
    const turnsUs: number[] = [];
    for (let i = 0; i < times; i++) {
      const startedAt = performance.now();
      await turn();
      turnsUs.push((performance.now() - startedAt) * 1_000);
    }
    return median(turnsUs);
  }
}

/** How long a waiting get by id takes to notice that its link has opened, compared with an event-loop turn. */
export const wake = benchCase({
  name: "wake",
  about: "How soon a get by id that waits sees that its link was opened.",
  server: NumberingServer,
  client: WaitingClient,
  async open({ server, client }) {
    await client.call("connectTo", await server.call("listen"));
  },
  figures: [{
    name: "wake-up of a waiting get by id",
    unit: "µs",
    target: { is: "at most", limit: 1_000 },
    ours: ({ client }, effort) => client.call("wait", TIMES * effort),
    baselines: [{
      name: "turn of the event loop",
      measure: ({ client }, effort) => client.call("turns", TIMES * effort),
    }],
  }],
});

function nextId(id: string): string {
  return (parseInt(id, 16) + 1).toString(16).padStart(8, "0");
}

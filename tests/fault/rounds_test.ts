import { assert, assertEquals } from "@std/assert";
import { type Census, RUNTIMES_OWN_SOCKETS } from "../census.ts";
import { runtimeName, test } from "../harness.ts";
import type { RuntimeName } from "../../scripts/runtime_path.ts";
import { type Fault, faults, type Trap } from "./fault_proxy.ts";
import { fewerPeerRuntimes, isLong } from "./long.ts";
import { FULL_AGAIN_MS, LINKS, NOTICED_MS, ProcessPair, sides } from "./process_pair.ts";
import { type Point, slopeOf } from "./slope.ts";
import { startCallers, stopCallers } from "./under_load.ts";
import { problemsOf } from "./verdict.ts";
import { within } from "./within.ts";

const ROUNDS = isLong ? 400 : 50;

/** How many rounds lie between two samples. By the fourth sample each fault has occurred, and most code is compiled. */
const LOOK_ROUNDS = ROUNDS / 10;

/** More bytes than both sides exchange while a link opens. */
const OPENING_BYTES = 600;

/** The most timers that a process may have, whatever it has been through: some of its pool's, and some of the test's. */
const MOST_TIMERS = 8;

/**
 * What a broken link may leave behind. A leaked link has 17 objects, and costs 9,000 bytes on Deno; the growth of compiled code
 * and its data, which lasts a few hundred rounds, cannot hide more than that.
 */
const LEFT_OBJECTS = 1;
const LEFT_BYTES = isLong ? 1_000 : 7_000;

/** Short timeouts keep the rounds short. A link that was merely slow is replaced just like a broken one. */
const impatience = { keepAliveMs: 200, heartbeatTimeoutMs: 300 };

/**
 * Alternates between the faults that the ends are notified of. The others each cost the heartbeat's time, so there are few of
 * them.
 */
function faultOf(round: number): Fault {
  const silent = faults.slice(2);
  return silent[round % 30] ?? faults[round % 2];
}

/** Traps for all links, from the first byte of the opening on; two of them spring within streams. */
function trapsOf(round: number, fault: Fault): Trap[] {
  return Array.from({ length: LINKS }, (_, index): Trap => {
    const place = (round * LINKS + index) * 37;
    const afterBytes = index < LINKS - 2 ? place % OPENING_BYTES : place * 53 % 100_000;
    return { fault, from: index % 2 === 0 ? "client" : "server", afterBytes };
  });
}

/** Replaces all links, breaks each of the new ones somewhere, and uses their replacements. */
async function runRound(pair: ProcessPair, round: number, fault: Fault): Promise<void> {
  for (const trap of trapsOf(round, fault)) pair.proxy.lay(trap);
  await pair[sides[round % 2]].call("flush");
  const some = { callers: 2, longestBytes: 20_000 };
  const served = Promise.all(sides.map((side) => startCallers(pair, side, some)));
  await within(FULL_AGAIN_MS, "all callers are served", served);
  await stopCallers(pair);
  pair.proxy.clear();
  assertEquals(problemsOf(await pair.settled(NOTICED_MS)), []);
  await pair.full();
}

/** What one of the processes holds, sampled every few rounds. */
class Samples {
  readonly #runtime: RuntimeName;
  readonly #strays: number[] = [];
  readonly #timers: number[] = [];
  readonly #bytes: Point[] = [];
  readonly #objects: Point[] = [];

  constructor(runtime: RuntimeName) {
    this.#runtime = runtime;
  }

  add(round: number, { sockets, timers, liveBytes, liveObjects }: Census, links: number): void {
    this.#strays.push(sockets - links);
    this.#timers.push(timers);
    this.#bytes.push([round * LINKS, liveBytes]);
    if (liveObjects !== undefined) this.#objects.push([round * LINKS, liveObjects]);
  }

  assertNoGrowth(): void {
    const [first, ...later] = this.#strays;
    assert(later.every((count) => count <= first + RUNTIMES_OWN_SOCKETS), `sockets besides the links: ${this.#strays}`);
    assert(this.#timers.every((count) => count <= MOST_TIMERS), `timers: ${this.#timers}`);
    this.#assertFlat("bytes", this.#bytes, LEFT_BYTES);
    this.#assertFlat("objects", this.#objects, LEFT_OBJECTS);
  }

  #assertFlat(what: string, points: Point[], allowed: number): void {
    const left = slopeOf(points);
    assert(left <= allowed, `each broken link leaves ${left} ${what} on ${this.#runtime}: ${points.join(" ")}`);
  }
}

for (const server of fewerPeerRuntimes) {
  const pools = `a client on ${runtimeName} and a server on ${server}`;

  test(
    `faults: ${ROUNDS} rounds in openings and streams of ${pools} leave no socket, timer or memory behind`,
    async () => {
      await using pair = await ProcessPair.start({
        client: runtimeName,
        server,
        clientOptions: { ...impatience, dialTimeoutMs: 500, maxBackoffMs: 50 },
        serverOptions: impatience,
      });
      const samples = { client: new Samples(runtimeName), server: new Samples(server) };
      for (let round = 0; round <= ROUNDS; round++) {
        await runRound(pair, round, faultOf(round));
        if (round < 4 * LOOK_ROUNDS || round % LOOK_ROUNDS > 0) continue;
        for (const side of sides) {
          const [{ links }, census] = await Promise.all([pair[side].call("stats"), pair[side].call("census")]);
          samples[side].add(round, census, links);
        }
      }
      samples.client.assertNoGrowth();
      samples.server.assertNoGrowth();
      await pair.leave();
    },
    { timeoutMs: isLong ? 600_000 : 120_000 },
  );
}

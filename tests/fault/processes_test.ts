import { assert, assertEquals } from "@std/assert";
import { delay } from "@std/async/delay";
import type { RuntimeName } from "../../scripts/runtime_path.ts";
import { runtimeName, test } from "../harness.ts";
import { fewerPeerRuntimes, isLong, peerRuntimes } from "./long.ts";
import { FULL_AGAIN_MS, heartbeat, NOTICED_MS, type PoolSide, ProcessPair, sides } from "./process_pair.ts";
import {
  assertServed,
  assertWhole,
  longWay,
  startCallers,
  startEndless,
  startTraffic,
  stopCallers,
} from "./under_load.ts";
import { within } from "./within.ts";

/** How long a process is stopped, in milliseconds. */
const STOPPED_MS = isLong ? 20_000 : 3_000;

const otherSide = { client: "server", server: "client" } as const;

for (const server of peerRuntimes) {
  const pools = `a client on ${runtimeName} and a server on ${server}`;

  test(`faults: kill -9 of either process of ${pools}, under transfers, costs the other one streams and no caller`, async () => {
    await using pair = await ProcessPair.start({ client: runtimeName, server, way: longWay });
    await startTraffic(pair);
    for (const side of sides) {
      const survivor = otherSide[side];
      await pair.replace(side);
      await assertServed(pair, [survivor]);
      await startEndless(pair, side);
      await startCallers(pair, side);
    }
    await stopCallers(pair);
    await Promise.all(pair.both.map((process) => process.call("abortTransfers")));
    await assertWhole(pair);
  });
}

for (const server of fewerPeerRuntimes) {
  const pools = `a client on ${runtimeName} and a server on ${server}`;

  test(
    `faults: SIGSTOP of a process of ${pools} breaks the streams of those who do not wait, and of no other`,
    async () => {
      await Promise.all(sides.flatMap((side) => [stopImpatient(side, server), stopPatient(side, server)]));
    },
    { timeoutMs: 3 * STOPPED_MS + 60_000 },
  );
}

/** The peer of a process that is stopped for longer than the heartbeat allows drops its links, and its callers fail in time. */
async function stopImpatient(side: PoolSide, server: RuntimeName): Promise<void> {
  await using pair = await ProcessPair.start({ client: runtimeName, server, way: longWay });
  await startTraffic(pair);
  const survivor = pair[otherSide[side]];
  pair[side].kill("SIGSTOP");
  const stopped = delay(STOPPED_MS);
  await within(NOTICED_MS, "no link is left", survivor.call("untilLost"));
  await stopped;
  const { failed } = await pair[otherSide[side]].call("loadReport");
  assert(failed.PoolTimeoutError > 0, "no call ended at its deadline");
  pair[side].kill("SIGCONT");
  await assertServed(pair);
  await stopCallers(pair, [otherSide[side]]);
  await pair[side].call("stopLoad"); // its callers were stopped along with it
  await assertWhole(pair);
}

/** Where no heartbeat intervenes, streams continue as soon as both processes do. */
async function stopPatient(side: PoolSide, server: RuntimeName): Promise<void> {
  const patient = { ...heartbeat, heartbeatTimeoutMs: 10 * STOPPED_MS };
  await using pair = await ProcessPair.start({
    client: runtimeName,
    server,
    way: longWay,
    clientOptions: patient,
    serverOptions: patient,
  });
  const plans = sides.map((opener) => ({ name: `${opener} stopped`, opener: 1_000_000, acceptor: 1_000_000 }));
  for (const [at, opener] of sides.entries()) await pair[opener].call("openTransfers", [plans[at]]);
  pair[side].kill("SIGSTOP");
  await delay(STOPPED_MS);
  pair[side].kill("SIGCONT");
  const outcomes = await pair.settled(FULL_AGAIN_MS);
  assertEquals(outcomes.map(({ sent, received }) => [sent.end, received.end]), Array(4).fill(["clean", "clean"]));
}

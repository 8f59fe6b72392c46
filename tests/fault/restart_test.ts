import { runtimeName, test } from "../harness.ts";
import { fewerPeerRuntimes } from "./long.ts";
import { type PoolSide, ProcessPair } from "./process_pair.ts";
import { assertServed, assertWhole, startCallers, stopCallers } from "./under_load.ts";

const callers = { callers: 200, timeoutMs: 5_000, longestBytes: 2_000 };

/** How a process ends: abruptly, or after closing its pool. */
const ends = {
  "killed": (pair: ProcessPair, side: PoolSide) => pair.replace(side),
  async "closed"(pair: ProcessPair, side: PoolSide) {
    await pair[side].call("close", 200);
    await pair.replace(side);
  },
};

for (const server of fewerPeerRuntimes) {
  const pools = `a client on ${runtimeName} and a server on ${server}`;

  for (const [caller, restarted] of [["client", "server"], ["server", "client"]] as const) {
    test(`faults: the ${restarted} of ${pools} is restarted under 200 callers, and all are served again`, async () => {
      await using pair = await ProcessPair.start({ client: runtimeName, server });
      await startCallers(pair, caller, callers);
      for (const end of Object.values(ends)) {
        await end(pair, restarted);
        await assertServed(pair, [caller]);
      }
      await stopCallers(pair, [caller]);
      await assertWhole(pair);
    });
  }
}

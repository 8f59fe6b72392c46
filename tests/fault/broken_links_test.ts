import { runtimeName, test } from "../harness.ts";
import { type Fault, faults } from "./fault_proxy.ts";
import { fewerPeerRuntimes, peerRuntimes } from "./long.ts";
import { ProcessPair } from "./process_pair.ts";
import { assertServed, assertWhole, longWay, startTraffic, stopCallers } from "./under_load.ts";

/** Faults that the ends are notified of. Each of the others takes as long as the heartbeat needs to detect it. */
const told: readonly Fault[] = ["cut", "reset"];

for (const fault of faults) {
  for (const server of told.includes(fault) ? peerRuntimes : fewerPeerRuntimes) {
    const links = `all links of a client on ${runtimeName} and a server on ${server}`;

    test(`faults: ${fault} of ${links}, under transfers, costs streams and no caller`, async () => {
      await using pair = await ProcessPair.start({ client: runtimeName, server, way: longWay });
      await startTraffic(pair);
      pair.proxy.inflict(fault);
      await assertServed(pair);
      await stopCallers(pair);
      await assertWhole(pair);
    });
  }
}

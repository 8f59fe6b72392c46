import { assertEquals } from "@std/assert";
import { RUNTIMES_OWN_SOCKETS } from "../census.ts";
import { eventually } from "../contract/eventually.ts";
import { runtimeName, test } from "../harness.ts";
import type { Trap } from "./fault_proxy.ts";
import { peerRuntimes } from "./long.ts";
import { FULL_AGAIN_MS, LINKS, ProcessPair } from "./process_pair.ts";
import { within } from "./within.ts";

/** A position within a hello, counted from its end, in bytes. */
const IN_HELLO = 20;

/** A position within the request, and within the response. */
const IN_HANDSHAKE = 100;

/** With these options, only opening traffic passes. */
const silent = { keepAliveMs: 0 };

/** The places where an opening with these byte counts is broken. */
function places(opening: { client: number; server: number }): Omit<Trap, "fault">[] {
  return [
    { from: "client", afterBytes: IN_HANDSHAKE },
    { from: "server", afterBytes: IN_HANDSHAKE },
    { from: "server", afterBytes: opening.server - IN_HELLO },
    { from: "client", afterBytes: opening.client - IN_HELLO },
  ];
}

for (const server of peerRuntimes) {
  const pools = `a client on ${runtimeName} and a server on ${server}`;

  test(`faults: in the middle of a handshake or a hello of ${pools} they cost one dial each`, async () => {
    await using pair = await ProcessPair.start({
      client: runtimeName,
      server,
      clientOptions: { ...silent, maxBackoffMs: 50 },
      serverOptions: silent,
    });
    const { client, server: answers } = pair.proxy.received;
    const opening = { client: client / LINKS, server: answers / LINKS };
    const strays = await pair.server.call("straySockets");
    let failures = 0;
    for (const place of places(opening)) {
      for (const fault of ["reset", "cut"] as const) {
        pair.proxy.lay({ fault, ...place });
        await pair.client.call("flush");
        await pair.full();
        assertEquals(
          (await pair.client.call("stats")).dialFailures,
          ++failures,
          `${fault} after ${JSON.stringify(place)}`,
        );
      }
    }
    const isClean = async () => {
      const { dialing } = await pair.server.call("stats");
      return dialing === 0 && await pair.server.call("straySockets") <= strays + RUNTIMES_OWN_SOCKETS;
    };
    await within(FULL_AGAIN_MS, "the server has no sockets but its links'", eventually(isClean));
    await pair.leave();
  });
}

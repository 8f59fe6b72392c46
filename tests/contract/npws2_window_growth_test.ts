import { assert, assertEquals } from "@std/assert";
import { test } from "../harness.ts";
import { eventually } from "./eventually.ts";
import { Flood } from "./npws2_bulk.ts";
import { clientPool, serverPool } from "./pools.ts";
import { readExactly } from "./streams.ts";
import { FaultProxy } from "../fault/fault_proxy.ts";

const windowBytes = 4_096;
const highWaterBytes = 65_536;

/** Far longer than a busy machine takes to read a window, so that the latency is what limits the stream. */
const delayMs = 30;

for (const [reads, writes] of [["client", "server"], ["server", "client"]] as const) {
  for (const maxWindowBytes of [windowBytes, 16 * windowBytes]) {
    const claim = maxWindowBytes === windowBytes
      ? "keeps a window that may not grow"
      : "grows its window to its maximum";

    test(`npws/2 window growth: a ${reads} far from its peer ${claim}, and holds no more when it stops`, async () => {
      const windows = { windowBytes, maxWindowBytes };
      await using server = serverPool(windows);
      await server.start();
      await using proxy = await FaultProxy.listen(server.address.port, { delayMs });
      await using client = clientPool({ url: proxy.url, ...windows });
      await client.start();
      const pools = { client, server };
      const [here, there] = await Promise.all([pools[reads].accept(), pools[writes].open()]);
      const flood = new Flood(there);
      const heldBytes = () => pools[reads].stats().bytesRead - here.bytesRead;
      // Each window that is read lets the window grow once, if it may.
      for (let rounds = 0; rounds < 10; rounds++) await readExactly(here, maxWindowBytes);
      // What was granted is in flight or has arrived; nothing more is sent.
      await eventually(() => heldBytes() > maxWindowBytes / 2 && pools[writes].stats().bytesWritten === received());
      assert(heldBytes() <= maxWindowBytes, `${heldBytes()} bytes are held`);
      assert(flood.acceptedBytes <= received() + highWaterBytes, `${flood.acceptedBytes} bytes were taken`);
      await here.readable.cancel("enough");
      await flood.ended;
      await Promise.all([client, server].map((pool) => pool.close({ drainMs: 0 })));
      assertEquals(here.bytesRead, 10 * maxWindowBytes);

      function received(): number {
        return pools[reads].stats().bytesRead;
      }
    });
  }
}

import { assertEquals } from "@std/assert";
import { runtimeName, test } from "../harness.ts";
import { fill, readInPieces } from "./npws2_bulk.ts";
import { type Pair, pairs } from "./npws2_pairs.ts";

const MIB = 2 ** 20;

/** One gibibyte on each mixed pair. Once is enough, because the suite runs on both runtimes. */
function byteLengthOf({ side, remoteRuntime }: Pair): number {
  return side === "client" && remoteRuntime !== runtimeName ? 1_024 * MIB : 128 * MIB;
}

for (const pair of pairs) {
  const byteLength = byteLengthOf(pair);
  const title = `npws/2 bytes of ${pair.name}: ${
    byteLength / MIB
  } MiB through one connection arrive as they were written`;

  test(title, async () => {
    await using opened = await pair.open();
    const { local, remote } = opened;
    const accepted = remote.call("accept");
    const here = await local.open();
    const { stream: there } = await accepted;
    // The smaller part is sent the other way at the same time.
    const [sent, received, sentBack, receivedBack] = await Promise.all([
      fill(here, { byteLength, seed: 1 }),
      remote.call("readInPieces", there, { seed: 2 }),
      remote.call("fill", there, { byteLength: byteLength / 8, seed: 3 }),
      readInPieces(here, { seed: 4 }),
    ]);
    assertEquals([received, receivedBack], [sent, sentBack]);
    await here.closed;
    assertEquals([here.bytesWritten, here.bytesRead], [byteLength, byteLength / 8]);
    assertEquals(local.stats().bytesWritten, byteLength);
  }, { timeoutMs: 120_000 });
}

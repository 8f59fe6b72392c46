import { assert, assertEquals } from "@std/assert";
import type { PoolConnection } from "@npws/pool";
import process from "node:process";
import { test } from "../harness.ts";
import { eventually } from "./eventually.ts";
import { exchange, Flood } from "./npws2_bulk.ts";
import { type OpenPair, pairs } from "./npws2_pairs.ts";

const KIB = 1_024;
const MIB = 1_024 * KIB;

/** How much a stream may receive ahead of its reader, in bytes: the default, which grows only as data is read. */
const windowBytes = 256 * KIB;

/** How much a writer may write ahead of what was sent, in bytes. */
const highWaterBytes = 64 * KIB;

/** How much memory a stopped reader may add to either process, in bytes. */
const allowedGrowth = 16 * MIB;

/** How much 20 exchanges of one UUID each transfer in each direction, in bytes. */
const exchangedBytes = 20 * 36;

interface Setting extends OpenPair {
  here: PoolConnection;
  there: number;
}

for (const { name, open } of pairs) {
  /** Runs a test on a stream while other streams are exchanged. */
  const testStopped = (claim: string, run: (setting: Setting) => Promise<void>) =>
    test(`npws/2 stopped reader of ${name}: ${claim}`, async () => {
      await using pair = await open({ client: { minCapacity: 2 } });
      const accepted = pair.remote.call("accept");
      const here = await pair.local.open();
      const { stream: there } = await accepted;
      pair.remote.call("echo");
      await run({ ...pair, here, there });
    });

  testStopped("the local writer waits when the remote window is full, until the reader cancels", async (setting) => {
    const { local, remote, here, there } = setting;
    const flood = new Flood(here);
    const received = async () => (await remote.call("stats")).bytesRead;
    await eventually(async () => await received() === windowBytes);
    await exchangeMany(setting, 20);
    const exchanged = await received() - windowBytes;
    assertEquals([exchanged, local.stats().bytesWritten - exchanged], [exchangedBytes, windowBytes]);
    assertWaits(flood.acceptedBytes);
    const cancelled = remote.call("cancel", there, "enough");
    assertEquals((await flood.ended as Error).name, "ConnectionResetError");
    await cancelled;
    here.abort();
  });

  testStopped("the remote writer waits when the local window is full, and goes on when it is read", async (setting) => {
    const { local, remote, here, there } = setting;
    const flooded = remote.call("flood", there);
    await eventually(() => local.stats().bytesRead === windowBytes);
    await exchangeMany(setting, 20);
    assertEquals(local.stats().bytesRead, windowBytes + exchangedBytes);
    assertWaits(await remote.call("floodedBytes"));
    const reader = here.readable.getReader();
    for (let read = 0; read < 4 * MIB;) read += (await reader.read()).value!.length;
    await reader.cancel("enough");
    assertEquals((await flooded).name, "ConnectionResetError");
    assert(await remote.call("floodedBytes") > 4 * MIB);
  });

  testStopped("both directions at once hold a window each, and memory stays", async (setting) => {
    const { local, remote, here, there } = setting;
    await exchangeMany(setting, 200);
    const before = await residentBytes(setting);
    const read = { local: local.stats().bytesRead, remote: (await remote.call("stats")).bytesRead };
    const flood = new Flood(here);
    const flooded = remote.call("flood", there);
    await eventually(async () => {
      const { bytesRead } = await remote.call("stats");
      return local.stats().bytesRead === read.local + windowBytes && bytesRead === read.remote + windowBytes;
    });
    await exchangeMany(setting, 200);
    const after = await residentBytes(setting);
    for (const [index, bytes] of after.entries()) {
      const growth = bytes - before[index];
      assert(growth < allowedGrowth, `the ${["local", "remote"][index]} process grew by ${growth} bytes`);
    }
    here.abort("enough");
    await Promise.all([flood.ended, flooded]);
  });
}

/** Asserts that the writer got rid of at least the window, and at most the window plus what may wait ahead of it. */
function assertWaits(acceptedBytes: number): void {
  const most = windowBytes + highWaterBytes;
  assert(acceptedBytes >= windowBytes && acceptedBytes <= most, `${acceptedBytes} bytes were taken`);
}

/** Opens streams while another one is stalled. */
async function exchangeMany({ local }: OpenPair, count: number): Promise<void> {
  for (; count > 0; count--) await exchange(await local.open(), crypto.randomUUID());
}

/** The resident memory of both processes. */
async function residentBytes({ remote }: OpenPair): Promise<number[]> {
  return [process.memoryUsage().rss, await remote.call("residentBytes")];
}

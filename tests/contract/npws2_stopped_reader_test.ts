import { assert, assertEquals, equal } from "@std/assert";
import type { PoolConnection } from "@npws/pool";
import { takeCensus } from "../census.ts";
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

/** What a stream holds on either side when neither is read: what it has received, and what waits to be written. */
const heldBytes = windowBytes + highWaterBytes;

/** How much memory a stopped reader may keep reachable in either process, besides what it holds of the stream, in bytes. */
const allowedGrowth = 128 * KIB;

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

  testStopped("both directions at once hold a window each, and no more", async (setting) => {
    const { remote, here, there } = setting;
    await exchangeMany(setting, 200);
    const before = await liveBytes(setting);
    const bytesBefore = await movedBytes(setting);
    const flood = new Flood(here);
    const flooded = remote.call("flood", there);
    const full = bytesBefore.map((bytes) => bytes + windowBytes);
    await eventually(async () => equal(await movedBytes(setting), full)); // so nothing waits in the sockets either
    const after = await liveBytes(setting);
    for (const [index, bytes] of after.entries()) {
      const growth = bytes - before[index] - heldBytes;
      assert(growth < allowedGrowth, `the ${["local", "remote"][index]} process keeps ${growth} bytes more`);
    }
    await exchangeMany(setting, 200);
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

/** How much memory of either process is reachable. */
async function liveBytes({ remote }: OpenPair): Promise<number[]> {
  return [(await takeCensus()).liveBytes, await remote.call("liveBytes")];
}

/** How much either side has read and written. */
async function movedBytes({ local, remote }: OpenPair): Promise<number[]> {
  const both = [local.stats(), await remote.call("stats")];
  return both.flatMap(({ bytesRead, bytesWritten }) => [bytesRead, bytesWritten]);
}

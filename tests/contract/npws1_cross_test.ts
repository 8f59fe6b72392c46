import { assert, assertEquals, assertLess } from "@std/assert";
import type { PoolConnection } from "@npws/pool";
import { atRest } from "../at_rest.ts";
import { runtimeName, test } from "../harness.ts";
import type { Failure } from "./npws2_actor.ts";
import { fill, Flood, readInPieces } from "./npws2_bulk.ts";
import { type OpenPair, type PairOptions, pairs } from "./npws2_pairs.ts";
import { RemotePool } from "./npws2_remote.ts";
import { type Pools, until, urlOf } from "./pools.ts";
import { bytes, readExactly, readText, write, writeAndClose } from "./streams.ts";

const mebibyte = 1024 * 1024;

/** More than the socket buffers of a connection and receiveLimitBytes together. */
const boundBytes = 40 * mebibyte;

const onNpws1 = { client: { protocol: 1 }, server: { protocol: 1 } } as const;

/** A connection of this process, and the number of its other end in the other process. */
interface Setting extends OpenPair {
  readonly here: PoolConnection;
  readonly there: number;
}

for (const pair of pairs) {
  const { name, side, remoteRuntime, open } = pair;

  /** Runs a test on a connection that this process took and the other process fetched. */
  const onConnection = (claim: string, run: (setting: Setting) => Promise<void>, options: PairOptions = onNpws1) =>
    test(`npws/1 across ${name}: ${claim}`, async () => {
      await using opened = await open(options);
      const here = await opened.local.incomingGet();
      const { stream: there, protocol } = await opened.remote.call("outgoingGet", here.id);
      assertEquals([here.protocol, protocol], [1, 1]);
      await run({ ...opened, here, there });
    });

  onConnection("bytes go both ways, and a close ends both", async ({ remote, here, there }) => {
    await remote.call("write", there, "from there");
    assertEquals(await readExactly(here, 10), bytes("from there"));
    await writeAndClose(here, "from here");
    assertEquals(await remote.call("read", there), "from here");
    assertEquals(await remote.call("closed", there), undefined);
    await here.closed;
  });

  onConnection("the other side's close ends both", async ({ remote, here, there }) => {
    await remote.call("write", there, "from there");
    assertEquals(await remote.call("endWriting", there), undefined);
    assertEquals(await readText(here), "from there");
    await here.closed;
    assertEquals(await remote.call("closed", there), undefined);
  });

  test(`npws/1 across ${name}: the other side takes any link and this one fetches it`, async () => {
    await using opened = await open(onNpws1);
    const { id, stream } = await opened.remote.call("incomingGet");
    const here = await opened.local.outgoingGet(id);
    await write(here, "fetched");
    await here.writable.close();
    assertEquals(await opened.remote.call("read", stream), "fetched");
  });

  for (const one of ["client", "server"] as const) {
    onConnection(`a ${one} that is told to speak npws/1 alone has its way`, async ({ remote, here, there }) => {
      await write(here, "agreed");
      await here.writable.close();
      assertEquals(await remote.call("read", there), "agreed");
    }, { [one]: { protocol: 1 } });
  }

  test(`npws/1 across ${name}: 64 MiB each way at once, on two connections, arrive as they were written`, async () => {
    await using opened = await open(onNpws1);
    const { local, remote } = opened;
    const [up, down] = [await local.incomingGet(), await local.incomingGet()];
    const { stream: upThere } = await remote.call("outgoingGet", up.id);
    const { stream: downThere } = await remote.call("outgoingGet", down.id);
    const [sent, received, sentBack, receivedBack] = await Promise.all([
      fill(up, { byteLength: 64 * mebibyte, seed: 1 }),
      remote.call("readInPieces", upThere, { seed: 2 }),
      remote.call("fill", downThere, { byteLength: 64 * mebibyte, seed: 3 }),
      readInPieces(down, { seed: 4 }),
    ]);
    assertEquals([received, receivedBack], [sent, sentBack]);
  });

  onConnection("abort() on one side breaks both directions on the other", async ({ remote, here, there }) => {
    here.abort("gave up");
    const failure = await remote.call("read", there);
    assert(typeof failure === "object", "the end of bytes that were given up looks like the end of all");
    assertEquals([failure.name, failure.code, failure.reason], ["ConnectionLostError", 1011, "gave up"]);
    assertEquals((await remote.call("write", there, "late"))?.name, "ConnectionLostError");
    assertEquals((await remote.call("closed", there))?.code, 1011);
  });

  onConnection("abort() on the other side breaks both directions on this one", async ({ remote, here, there }) => {
    await remote.call("abort", there, "gave up");
    const error = await here.closed.catch((error) => error);
    assertEquals([error.name, error.code, error.reason], ["ConnectionLostError", 1011, "gave up"]);
  });

  for (const writer of ["client", "server"] as const) {
    const isGivenUp = writer === "client" && (side === "server" ? runtimeName : remoteRuntime) === "deno";

    onConnection(`the ${writer} writes to a reader that stands still: ${outcome(isGivenUp)}`, async (setting) => {
      const flood = writer === side ? floodFromHere(setting) : floodFromThere(setting);
      assertLess(await atRest(flood.acceptedBytes), boundBytes);
      if (!isGivenUp) flood.abort();
      const { name, message } = await flood.ended;
      if (isGivenUp) assertEquals(name, "ConnectionLostError");
      else assertEquals(message, "enough");
    });
  }

  test(`npws/1 across ${name}: a killed process breaks its streams, and the pool is full again when another one comes`, async () => {
    const client = { ...onNpws1.client, minCapacity: 4, maxCapacity: 4, maxBackoffMs: 200 };
    await using opened = await open({ ...onNpws1, client });
    const { local, remote } = opened;
    const here = await local.incomingGet();
    await remote.call("outgoingGet", here.id);
    remote.kill("SIGKILL");
    assertEquals((await here.closed.catch((error) => error)).code, 1006);
    await until(local, ({ links }) => links === 0);
    await using successor = new RemotePool(remoteRuntime);
    if (side === "server") await successor.call("dial", { url: urlOf(local as Pools["server"]), ...client });
    else await successor.call("serve", { ...onNpws1.server, port: opened.port });
    await until(local, ({ idle }) => idle === 4);
    const { id, stream } = await successor.call("incomingGet");
    const next = await local.outgoingGet(id);
    await successor.call("write", stream, "alive");
    assertEquals(await readExactly(next, 5), bytes("alive"));
  });
}

function outcome(isGivenUp: boolean): string {
  return isGivenUp
    ? "its socket cannot be paused, so it gives the connection up"
    : "the write waits, and abort() ends it";
}

/** A writer that writes for as long as it can. */
interface FloodControl {
  acceptedBytes(): number | Promise<number>;
  readonly ended: Promise<Failure>;
  abort(): void;
}

function floodFromHere({ here }: Setting): FloodControl {
  const flood = new Flood(here);
  return {
    acceptedBytes: () => flood.acceptedBytes,
    ended: flood.ended.then((reason) => reason as Failure),
    abort: () => here.abort(new Error("enough")),
  };
}

function floodFromThere({ remote, there }: Setting): FloodControl {
  return {
    ended: remote.call("flood", there),
    acceptedBytes: () => remote.call("floodedBytes"),
    abort: () => remote.call("abort", there, "enough"),
  };
}

import { assertEquals } from "@std/assert";
import { eventually } from "../contract/eventually.ts";
import { fill, readInPieces } from "../contract/npws2_bulk.ts";
import { until } from "../contract/pools.ts";
import { readText, write } from "../contract/streams.ts";
import { test } from "../harness.ts";
import { type Front, startFront } from "./front.ts";
import { proxyKinds } from "./proxies.ts";

const MIB = 1_048_576;
const token = "secret";

for (const kind of proxyKinds) {
  for (const serverRuntime of ["deno", "bun"] as const) {
    /** Runs a test on pools with three idle links each. */
    const onFront = (claim: string, protocol: 1 | 2, run: (front: Front) => Promise<void>) =>
      test(`${kind.name} before a server on ${serverRuntime}: ${claim}`, async () => {
        const client = { protocol, token, name: "edge-7", minCapacity: 3, maxCapacity: 3 };
        await using front = await startFront(kind, { serverRuntime, client, server: { token } });
        await until(front.client, ({ idle }) => idle === 3);
        await run(front);
      }, { skip: !kind.isAvailable });

    onFront("streams of npws/2 go through whole, end in every way, and give their links back", 2, async (front) => {
      await carriesBytes(front);
      await endsEachDirection(front);
      await carriesAReset(front);
      await eventually(async () => {
        const { idle, links } = await front.server.call("stats");
        return front.client.stats().recycled === 3 && idle === front.client.active && idle === links;
      });
      assertEquals(front.client.stats().lost, 0);
    });

    onFront("a link of npws/1 carries a stream, and its close ends both sides", 1, async ({ client, server }) => {
      const here = await client.incomingGet();
      const { stream: there, protocol } = await server.call("outgoingGet", here.id);
      const [sent, received] = await Promise.all([
        fill(here, { byteLength: MIB, seed: 1 }),
        server.call("readInPieces", there, { seed: 2 }),
      ]);
      assertEquals([protocol, received], [1, sent]);
      await here.closed;
      assertEquals(await server.call("closed", there), undefined);
    });
  }
}

/** The client opens a stream, and both ends write at once. */
async function carriesBytes({ client, server }: Front): Promise<void> {
  const here = await client.open({ metadata: Uint8Array.of(7) });
  const { stream: there, peer, metadata } = await server.call("accept");
  assertEquals([here.protocol, here.tls?.authorized, peer, metadata], [2, true, "edge-7", [7]]);
  const [sent, received, sentBack, receivedBack] = await Promise.all([
    fill(here, { byteLength: 4 * MIB, seed: 1 }),
    server.call("readInPieces", there, { seed: 2 }),
    server.call("fill", there, { byteLength: 4 * MIB, seed: 3 }),
    readInPieces(here, { seed: 4 }),
  ]);
  assertEquals([received, receivedBack], [sent, sentBack]);
}

/** The server opens a stream, and receives the answer after it has half-closed it. */
async function endsEachDirection({ client, server }: Front): Promise<void> {
  const [{ stream: there }, here] = await Promise.all([server.call("open"), client.accept()]);
  await server.call("write", there, "question");
  await server.call("endWriting", there);
  assertEquals(await readText(here), "question");
  await write(here, "answer");
  await here.writable.close();
  assertEquals(await server.call("read", there), "answer");
}

async function carriesAReset({ client, server }: Front): Promise<void> {
  const here = await client.open();
  const { stream: there } = await server.call("accept");
  here.abort("gave up");
  const { name, code, reason } = (await server.call("closed", there))!;
  assertEquals([name, code, reason], ["ConnectionResetError", 1, "gave up"]);
}

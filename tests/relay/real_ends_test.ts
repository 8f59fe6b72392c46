import { assertEquals, assertRejects } from "@std/assert";
import { relay } from "@npws/pool/relay";
import { createHash } from "node:crypto";
import { pattern, readText, writeAndClose } from "../contract/streams.ts";
import { test } from "../harness.ts";
import { endKinds } from "./real_ends.ts";
import type { FarEnd } from "./memory_end.ts";

const [pooled, ...sockets] = endKinds;
const pairs = [[pooled, pooled], ...sockets.flatMap((kind) => [[pooled, kind], [kind, pooled]])];

/** What each direction carries in one of the tests, in bytes. Not a multiple of anything. */
const BULK_BYTES = 50_000_003;

for (const [first, second] of pairs) {
  const between = `between ${first.name} and ${second.name}`;

  test(`relay() ${between} leaves one direction open when the other one ends`, async () => {
    await using a = await first.open();
    await using b = await second.open();
    const moved = relay(a.near, b.near);
    await writeAndClose(a.far, "question");
    assertEquals(await readText(b.far), "question");
    await writeAndClose(b.far, "answer after the end");
    assertEquals(await readText(a.far), "answer after the end");
    assertEquals(await moved, { aToB: 8, bToA: 20 });
  });

  test(`relay() ${between} changes no byte of many both ways`, async () => {
    await using a = await first.open();
    await using b = await second.open();
    const moved = relay(a.near, b.near);
    const sent = Promise.all([sendBulk(a.far), sendBulk(b.far)]);
    assertEquals(await Promise.all([hashOf(a.far), hashOf(b.far)]), [bulkHash, bulkHash]);
    await sent;
    assertEquals(await moved, { aToB: BULK_BYTES, bToA: BULK_BYTES });
  });

  test(`relay() ${between} breaks the second when the first breaks`, async () => {
    await using a = await first.open();
    await using b = await second.open();
    const moved = relay(a.near, b.near);
    a.reset();
    await assertRejects(() => moved);
    if (second.hasReset) await assertRejects(() => readText(b.far));
    else await readText(b.far).catch(() => {}); // it ends
  });
}

const block = pattern(65_536);
const bulkHash = await hashOf({ readable: ReadableStream.from(bulk()) as FarEnd["readable"] });

function* bulk(): Iterable<Uint8Array> {
  for (let left = BULK_BYTES; left > 0; left -= block.byteLength) {
    yield left < block.byteLength ? block.subarray(0, left) : block;
  }
}

async function sendBulk({ writable }: FarEnd): Promise<void> {
  const writer = writable.getWriter();
  for (const chunk of bulk()) {
    await writer.ready;
    writer.write(chunk).catch(() => {}); // the close tells
  }
  await writer.close();
}

async function hashOf({ readable }: Pick<FarEnd, "readable">): Promise<string> {
  const hash = createHash("sha256");
  for await (const chunk of readable) hash.update(chunk);
  return hash.digest("hex");
}

import { assert, assertEquals, assertRejects } from "@std/assert";
import { relay } from "@npws/pool/relay";
import { createHash } from "node:crypto";
import { atRest } from "../at_rest.ts";
import { eventually } from "../contract/eventually.ts";
import { pattern, readText, writeAndClose } from "../contract/streams.ts";
import { test } from "../harness.ts";
import { endKinds } from "./real_ends.ts";
import type { FarEnd } from "./memory_end.ts";

const [pooled, ...sockets] = endKinds;
const pairs = [[pooled, pooled], ...sockets.flatMap((kind) => [[pooled, kind], [kind, pooled]])];

/** How much a direction carries in the bulk tests, in bytes. It is not a multiple of anything. */
const BULK_BYTES = 10_000_003;

/** Far more than is buffered where a reader has stopped. */
const FLOOD_BYTES = 50_000_003;

const GIB = 2 ** 30;

/** More than all buffers on the path can hold: those of the streams and of the system, and the largest window. */
const MAX_HELD_BYTES = 32 * 1_048_576;

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

  test(`relay() ${between} passes on an end without a byte that came before the relay`, async () => {
    await using a = await first.open();
    await using b = await second.open();
    for (const { near, far } of [a, b]) {
      await far.writable.close();
      // A socket of node:net sees its end even without a listener.
      if ("readableEnded" in near) await eventually(() => near.readableEnded === true);
    }
    const moved = relay(a.near, b.near);
    assertEquals(await Promise.all([readText(a.far), readText(b.far)]), ["", ""]);
    assertEquals(await moved, { aToB: 0, bToA: 0 });
  });

  test(`relay() ${between} changes no byte of many both ways`, async () => {
    await using a = await first.open();
    await using b = await second.open();
    const moved = relay(a.near, b.near);
    const sent = Promise.all([sendBulk(a.far, BULK_BYTES), sendBulk(b.far, BULK_BYTES)]);
    const expected = sha256(bulk(BULK_BYTES));
    assertEquals(await Promise.all([receivedHash(a.far), receivedHash(b.far)]), [expected, expected]);
    await sent;
    assertEquals(await moved, { aToB: BULK_BYTES, bToA: BULK_BYTES });
  });

  test(`relay() ${between} lets a reader that has stopped hold the writer back, and loses nothing`, async () => {
    await using a = await first.open();
    await using b = await second.open();
    const moved = relay(a.near, b.near);
    let taken = 0;
    const sent = sendBulk(a.far, FLOOD_BYTES, { taken: (byteLength) => taken += byteLength });
    await atRest(() => taken);
    assert(taken < MAX_HELD_BYTES, `${taken} bytes were taken`);
    const received = receivedHash(b.far);
    await writeAndClose(b.far, "x");
    assertEquals(await received, sha256(bulk(FLOOD_BYTES)));
    await sent;
    assertEquals(await moved, { aToB: FLOOD_BYTES, bToA: 1 });
  });

  for (const [when, byteLength] of [["while nothing moves", 0], ["among many bytes", BULK_BYTES]] as const) {
    test(`relay() ${between} breaks the second when the first breaks ${when}`, async () => {
      await using a = await first.open();
      await using b = await second.open();
      const moved = relay(a.near, b.near);
      sendBulk(a.far, byteLength, { isWhole: false }).catch(() => {}); // the reset cuts it off
      const reader = b.far.readable.getReader();
      if (byteLength > 0) await reader.read();
      a.reset();
      const end = readToEnd(reader).then(() => "end", () => "reset"); // behind much unread data, an end may see the break late
      await assertRejects(() => moved);
      const seen = await end;
      if (second.hasReset) assertEquals(seen, "reset");
    });
  }
}

const [fastest] = endKinds.slice(-1);

test(`relay() between ${fastest.name} and ${pooled.name} changes no byte of 1 GiB`, async () => {
  await using a = await fastest.open();
  await using b = await pooled.open();
  const moved = relay(a.near, b.near);
  const [received] = await Promise.all([receivedHash(b.far), sendBulk(a.far, GIB), writeAndClose(b.far, "x")]);
  assertEquals(received, sha256(bulk(GIB)));
  assertEquals(await moved, { aToB: GIB, bToA: 1 });
});

/** This many bytes, in blocks that are all different. */
function* bulk(byteLength: number): Iterable<Uint8Array> {
  for (let begin = 0; begin < byteLength; begin += block.byteLength) {
    const next = block.slice(0, byteLength - begin);
    new DataView(next.buffer).setUint32(0, begin);
    yield next;
  }
}

const block = pattern(65_536);

interface Sending {
  /** Called with the length of each block that was accepted. */
  taken?: (byteLength: number) => void;
  /** Whether the direction is ended afterwards. */
  isWhole?: boolean;
}

async function sendBulk({ writable }: FarEnd, byteLength: number, options: Sending = {}): Promise<void> {
  const { taken, isWhole = true } = options;
  const writer = writable.getWriter();
  for (const chunk of bulk(byteLength)) {
    await writer.ready;
    writer.write(chunk).catch(() => {}); // the close reports it
    taken?.(chunk.byteLength);
  }
  if (isWhole) await writer.close();
}

function sha256(chunks: Iterable<Uint8Array>): string {
  const hash = createHash("sha256");
  for (const chunk of chunks) hash.update(chunk);
  return hash.digest("hex");
}

async function receivedHash({ readable }: FarEnd): Promise<string> {
  const hash = createHash("sha256");
  for await (const chunk of readable) hash.update(chunk);
  return hash.digest("hex");
}

async function readToEnd(reader: ReadableStreamDefaultReader): Promise<void> {
  while (!(await reader.read()).done);
}

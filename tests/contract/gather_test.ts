import { assert, assertEquals, assertLess } from "@std/assert";
import type { PoolConnection } from "@npws/pool";
import { test } from "../harness.ts";
import type { RawLink } from "../raw_link.ts";
import { TimersByHand } from "./pools.ts";
import { roles } from "./rigs.ts";
import { bytes, pattern, write } from "./streams.ts";

const maxMessageBytes = 65_536;

for (const { name, open } of roles) {
  /** Runs a test on a connection of a pool whose timers never fire, and the peer's end of it. */
  const withoutTimers = (claim: string, run: (connection: PoolConnection, link: RawLink) => Promise<void>) =>
    test(`messages of npws/1 from ${name}: ${claim}`, async () => {
      await using rig = await open({ clock: new TimersByHand() });
      const link = await rig.nextLink();
      await run(await rig.pool.outgoingGet(link.id), link);
    });

  withoutTimers("the writes of one turn leave as one", async (connection, link) => {
    const writer = connection.writable.getWriter();
    for (let index = 0; index < 100; index++) writer.write(Uint8Array.of(index, index));
    assertEquals(await link.readMessage(), Uint8Array.from({ length: 200 }, (_, index) => index >> 1));
  });

  withoutTimers("more than 64 KiB in small writes of one turn leave as few", async (connection, link) => {
    const content = pattern(150_000);
    const writer = connection.writable.getWriter();
    for (let at = 0; at < content.length; at += 1_000) writer.write(content.subarray(at, at + 1_000));
    assertLess((await readMessages(link, content)).length, 7);
  });

  withoutTimers(
    "a large write leaves in messages of 64 KiB, behind what was written before",
    async (connection, link) => {
      const content = pattern(200_000);
      const writer = connection.writable.getWriter();
      writer.write(content.subarray(0, 10));
      writer.write(content.subarray(10));
      await readMessages(link, content);
    },
  );

  withoutTimers("a lone small write leaves, and so does the next", async (connection, link) => {
    for (const word of ["one", "two", "three"]) {
      await write(connection, word);
      assertEquals(await link.readMessage(), bytes(word));
    }
  });

  withoutTimers("an empty write is none", async (connection, link) => {
    await write(connection, "");
    await write(connection, "not empty");
    assertEquals(await link.readMessage(), bytes("not empty"));
  });
}

/** The messages that carry this content; none is empty or too long. */
async function readMessages(link: RawLink, content: Uint8Array): Promise<Uint8Array[]> {
  const messages: Uint8Array[] = [];
  for (let at = 0; at < content.length; at += messages.at(-1)!.length) {
    const message = await link.readMessage();
    assert(message.length > 0 && message.length <= maxMessageBytes);
    assert(message.every((byte, index) => byte === content[at + index]));
    messages.push(message);
  }
  return messages;
}

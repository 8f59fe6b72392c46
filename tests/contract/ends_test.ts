import { assertEquals, assertRejects, assertStrictEquals } from "@std/assert";
import { ConnectionLostError, ConnectionResetError, type PoolConnection } from "@npws/pool";
import { test } from "../harness.ts";
import { startPools, TimersByHand, transports } from "./pools.ts";
import { roles } from "./rigs.ts";
import { bytes, pattern, readAll, readExactly, readText, write, writeAndClose } from "./streams.ts";

/** A socket that follows the standard's rules for close codes sends 4011 instead of 1011. */
const brokenCodes = [1011, 4011];

for (const { name, options } of transports) {
  for (const actor of ["client", "server"] as const) {
    /** Runs a test on the two ends of an npws/1 connection, first the end that acts. */
    const onConnection = (claim: string, run: (own: PoolConnection, peer: PoolConnection) => Promise<void>) =>
      test(`ends of npws/1 (${name}, the ${actor} acts): ${claim}`, async () => {
        await using pools = await startPools({ client: options });
        const own = await pools[actor].incomingGet();
        await run(own, await pools[actor === "client" ? "server" : "client"].outgoingGet(own.id));
      });

    onConnection("writable.close() ends both directions, behind all bytes", async (own, peer) => {
      const content = pattern(300_000);
      await Promise.all([writeAndClose(own, content), readAll(peer).then((got) => assertEquals(got, content))]);
      await Promise.all([own.closed, peer.closed]);
      assertEquals(await readText(own), "");
      await assertRejects(() => write(peer, "late"), ConnectionLostError, "closed it with code 1000");
    });

    onConnection(
      "writable.abort() breaks the connection, and the peer does not take the bytes for all",
      async (own, peer) => {
        await write(own, "beginning");
        assertEquals(await readExactly(peer, 9), bytes("beginning"));
        const reason = new Error("disk full");
        await own.writable.abort(reason);
        assertStrictEquals(await assertRejects(() => own.closed), reason);
        const error = await assertRejects(() => readAll(peer), ConnectionLostError);
        assertEquals([brokenCodes.includes(error.code), error.reason], [true, ""]);
        assertStrictEquals(await assertRejects(() => peer.closed), error);
      },
    );

    onConnection("readable.cancel() drops what comes, and writing goes on", async (own, peer) => {
      await own.readable.cancel("not interested");
      await Promise.all([write(peer, pattern(1_000_000)), writeAndClose(own, "still here")]);
      assertEquals(await readText(peer), "still here");
      await Promise.all([own.closed, peer.closed]);
    });

    onConnection("abort() breaks both directions on both sides, with its own reason here", async (own, peer) => {
      const reason = { any: "value" };
      const reader = own.readable.getReader();
      const writer = own.writable.getWriter();
      const ends = [reader.read(), reader.closed, writer.closed, own.closed];
      own.abort(reason);
      const told = await Promise.all(ends.map((end) => end.then(() => "resolved", (error) => error)));
      assertEquals(told.map((error) => error === reason), [true, true, true, true]);
      const error = await assertRejects(() => readAll(peer), ConnectionLostError);
      assertEquals(brokenCodes.includes(error.code), true);
      await assertRejects(() => write(peer, "late"), ConnectionLostError);
    });

    onConnection("a text given to abort() is told to the peer", async (own, peer) => {
      own.abort("out of memory");
      const error = await assertRejects(() => readAll(peer), ConnectionLostError, "(out of memory)");
      assertEquals(error.reason, "out of memory");
    });

    onConnection("abort() without a reason says so", async (own) => {
      own.abort();
      await assertRejects(() => own.closed, ConnectionResetError, `connection ${own.id}: abort() was called`);
    });

    onConnection("close() sends all that was written, whoever holds the writer", async (own, peer) => {
      const writer = own.writable.getWriter();
      const reading = readAll(peer);
      const writes = Array.from({ length: 40 }, (_, index) => writer.write(new Uint8Array(50_000).fill(index)));
      const closed = own.close();
      const got = await reading;
      assertEquals(got.length, 2_000_000);
      for (let index = 0; index < 40; index++) assertEquals(got[index * 50_000], index);
      await Promise.all([...writes, closed, own.closed, peer.closed]);
      assertStrictEquals(own.close(), own.close());
      await assertRejects(() => writer.write(bytes("late")), ConnectionResetError, "close() was called");
    });

    onConnection("close() discards what is unread, whoever holds the reader", async (own, peer) => {
      await write(peer, pattern(100_000));
      const reader = own.readable.getReader();
      assertEquals((await reader.read()).done, false);
      await own.close();
      assertEquals(await reader.read(), { done: true, value: undefined });
      assertEquals(await readText(peer), "");
    });

    onConnection("close() of both sides at once ends both cleanly", async (own, peer) => {
      await Promise.all([own.close(), peer.close(), own.closed, peer.closed]);
    });

    onConnection("close() after the peer has closed is over at once", async (own, peer) => {
      await peer.close();
      await own.closed;
      await own.close();
      own.abort(new Error("too late to matter"));
      await own.closed;
    });
  }
}

for (const { name, open } of roles) {
  test(`ends of npws/1: close() of a connection of ${name} is over after a second where the peer answers nothing`, async () => {
    const clock = new TimersByHand();
    await using rig = await open({ clock });
    const link = await rig.nextLink();
    const connection = await rig.pool.outgoingGet(link.id);
    await write(connection, "last words");
    const closed = connection.close();
    await clock.advance(1_000);
    await closed;
    assertEquals(await link.readMessage(), bytes("last words"));
    assertEquals((await link.readClose()).code, 1000);
    link.destroy();
  });

  test(`ends of npws/1: close() of a connection of ${name} gives up after a second what the peer does not read`, async () => {
    const clock = new TimersByHand();
    await using rig = await open({ clock });
    const link = await rig.nextLink();
    const connection = await rig.pool.outgoingGet(link.id);
    const writer = connection.writable.getWriter();
    const written = assertRejects(() => writer.write(new Uint8Array(64 * 1024 * 1024)), ConnectionResetError);
    const closed = connection.close();
    await clock.advance(1_000);
    await Promise.all([closed, written]);
    await clock.advance(1_000);
    await assertRejects(
      () => connection.closed,
      ConnectionResetError,
      "close() gave up before all written data was sent",
    );
    link.destroy();
  });
}

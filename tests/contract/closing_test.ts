import { assertEquals, assertInstanceOf } from "@std/assert";
import { ConnectionLostError } from "@npws/pool";
import { test } from "../harness.ts";
import { concat, Opcode } from "../websocket_frames.ts";
import { Flood } from "./npws2_bulk.ts";
import { TimersByHand } from "./pools.ts";
import { roles } from "./rigs.ts";
import { pattern, writeAndClose } from "./streams.ts";

for (const { name, open } of roles) {
  test(`closing npws/1: the peer of ${name} gets every byte and the close, though it is sending`, async () => {
    await using rig = await open();
    const link = await rig.nextLink();
    const connection = await rig.pool.outgoingGet(link.id);
    const content = pattern(300_000);
    const sent = link.write(
      concat(...Array.from({ length: 40 }, () => link.frame(Opcode.binary, new Uint8Array(30_000)))),
    );
    await connection.readable.getReader().read();
    const [got] = await Promise.all([link.readBytes(content.length), writeAndClose(connection, content)]);
    assertEquals(got, content);
    assertEquals((await link.readClose()).code, 1000);
    link.destroy();
    await Promise.all([connection.closed, sent]);
  });

  test(`closing npws/1: a peer of ${name} that reads slowly gets every byte and the close`, async () => {
    const clock = new TimersByHand();
    await using rig = await open({ clock, pool: { keepAliveMs: 0 } });
    const link = await rig.nextLink();
    const connection = await rig.pool.outgoingGet(link.id);
    const content = pattern(16 * 1024 * 1024);
    const written = writeAndClose(connection, content);
    let got = 0;
    while (got < content.length) {
      got += (await link.readMessage()).length;
      await clock.advance(2_000); // twice what a peer gets to answer a close
    }
    assertEquals(got, content.length);
    assertEquals((await link.readClose()).code, 1000);
    await written;
    link.destroy();
    await connection.closed;
  });

  test(`closing npws/1: a writer of ${name} waits while the peer's close is under way, and lets others run`, async () => {
    await using rig = await open();
    const link = await rig.nextLink();
    const flood = new Flood(await rig.pool.outgoingGet(link.id));
    await link.readBytes(1_000_000);
    await link.sendClose(1011, "too much");
    await link.readClose();
    link.destroy();
    const error = await flood.ended;
    assertInstanceOf(error, ConnectionLostError);
    assertEquals([error.code, error.reason], [1011, "too much"]);
  });
}

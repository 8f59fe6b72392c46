import { assertEquals, assertLess, assertRejects } from "@std/assert";
import { type PoolConnection, ProtocolError } from "@npws/pool";
import { atRest } from "../at_rest.ts";
import { runtimeName, test } from "../harness.ts";
import type { RawLink } from "../raw_link.ts";
import { nextEvent, TimersByHand } from "./pools.ts";
import { roles } from "./rigs.ts";
import { readExactly } from "./streams.ts";

const mebibyte = 1024 * 1024;

/** More than the socket buffers of a connection and everything else between two applications can hold. */
const boundBytes = 20 * mebibyte;

const totalBytes = 32 * mebibyte;

for (const { name, open } of roles) {
  const canPause = runtimeName === "bun" || (!name.includes("global") && !name.includes("server"));

  test(`backpressure of npws/1: write() of ${name} waits for a peer that does not read, and goes on when it does`, async () => {
    await using rig = await open();
    const link = await rig.nextLink();
    const connection = await rig.pool.outgoingGet(link.id);
    const written = writeBytes(connection, totalBytes);
    assertLess(await atRest(() => connection.bytesWritten), boundBytes);
    for (let got = 0; got < totalBytes;) got += (await link.readMessage()).length;
    await written;
    assertEquals(connection.bytesWritten, totalBytes);
  });

  test(`backpressure of npws/1: abort() of ${name} ends a write() that waits`, async () => {
    await using rig = await open();
    const link = await rig.nextLink();
    const connection = await rig.pool.outgoingGet(link.id);
    const reason = new Error("enough");
    const written = writeBytes(connection, totalBytes).catch((error) => error);
    await atRest(() => connection.bytesWritten);
    connection.abort(reason);
    assertEquals(await written, reason);
    link.destroy();
  });

  if (canPause) {
    test(`backpressure of npws/1: ${name} stops the peer while the application does not read`, async () => {
      await using rig = await open({ clock: new TimersByHand() });
      const link = await rig.nextLink();
      const connection = await rig.pool.outgoingGet(link.id);
      const sender = sendBytes(link, totalBytes);
      assertLess(await atRest(() => sender.sentBytes), boundBytes);
      await readExactly(connection, totalBytes);
      await sender.done;
      assertEquals(connection.bytesRead, totalBytes);
    });

    test(`backpressure of npws/1: ${name} notices within seconds that a peer whose bytes nobody reads is gone`, async () => {
      const clock = new TimersByHand();
      await using rig = await open({ clock, pool: { keepAliveMs: 0 } });
      const link = await rig.nextLink();
      const connection = await rig.pool.outgoingGet(link.id);
      await sendBytes(link, 2 * mebibyte).done;
      link.destroy();
      let isNoticed = false;
      const noticed = connection.closed.catch(() => isNoticed = true);
      while (!isNoticed) await clock.advance(1_000);
      await noticed;
    });
  } else {
    test(`backpressure of npws/1: ${name} holds receiveLimitBytes for the application and no more`, async () => {
      await using rig = await open({ pool: { receiveLimitBytes: mebibyte } });
      const link = await rig.nextLink();
      const connection = await rig.pool.outgoingGet(link.id);
      const sender = sendBytes(link, totalBytes);
      await assertRejects(
        () => connection.closed,
        ProtocolError,
        "exceed receiveLimitBytes (1048576)",
      );
      assertEquals((await link.readClose()).code % 3000, 1008);
      link.destroy();
      await sender.done;
    });
  }

  test(`backpressure of npws/1: ${name} gives an idle link up that brings more than receiveLimitBytes`, async () => {
    await using rig = await open({ pool: { receiveLimitBytes: 100_000 } });
    const link = await rig.nextLink();
    const closed = nextEvent(rig.pool, "linkclose");
    const sender = sendBytes(link, mebibyte);
    assertEquals((await link.readClose()).code % 3000, 1008);
    link.destroy();
    await sender.done;
    assertEquals([(await closed).code, (await closed).id], [1008, link.id]);
  });

  test(`backpressure of npws/1: ${name} keeps up to receiveLimitBytes for whoever takes the link`, async () => {
    await using rig = await open({ pool: { receiveLimitBytes: mebibyte } });
    const link = await rig.nextLink();
    await sendBytes(link, mebibyte).done;
    const connection = await rig.pool.outgoingGet(link.id);
    assertEquals((await readExactly(connection, mebibyte)).length, mebibyte);
  });
}

async function writeBytes({ writable }: PoolConnection, byteLength: number): Promise<void> {
  const writer = writable.getWriter();
  const chunk = new Uint8Array(65_536);
  for (let at = 0; at < byteLength; at += chunk.length) await writer.write(chunk);
}

/** Sends messages, each after the system took the previous one. Stops early if the connection ends. */
function sendBytes(link: RawLink, byteLength: number): { readonly sentBytes: number; readonly done: Promise<void> } {
  const message = new Uint8Array(65_536);
  const sender = { sentBytes: 0, done: send() };
  return sender;

  async function send() {
    const frame = link.frame(0x2, message);
    for (let at = 0; at < byteLength && !link.isDestroyed; at += message.length) {
      await link.write(frame);
      sender.sentBytes += message.length;
    }
  }
}

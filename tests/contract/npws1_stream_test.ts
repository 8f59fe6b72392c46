import { assertEquals, assertRejects, assertStringIncludes } from "@std/assert";
import {
  ConnectionLostError,
  type LinkCloseDetail,
  type PoolConnection,
  PoolTimeoutError,
  ProtocolError,
} from "@npws/pool";
import { test } from "../harness.ts";
import type { RawLink } from "../raw_link.ts";
import { concat, Opcode } from "../websocket_frames.ts";
import { nextEvent } from "./pools.ts";
import { type Rig, roles } from "./rigs.ts";
import { bytes, readAll, readText, write } from "./streams.ts";

for (const { name, open } of roles) {
  /** Runs a test on a connection of the pool and the peer's end of it. */
  const onConnection = (claim: string, run: (connection: PoolConnection, link: RawLink) => Promise<void>) =>
    test(`npws/1 stream of ${name}: ${claim}`, async () => {
      await using rig = await open();
      const link = await rig.nextLink();
      await run(await rig.pool.outgoingGet(link.id), link);
    });

  onConnection("carries bytes both ways in binary messages", async (connection, link) => {
    await write(connection, "to the peer");
    assertEquals(await link.readBytes(11), bytes("to the peer"));
    await link.send("from the ");
    await link.send("peer");
    link.close(1000);
    assertEquals(await readText(connection), "from the peer");
    assertEquals(connection.protocol, 1);
  });

  test(`npws/1 stream of ${name}: what came before the take is the beginning`, async () => {
    await using rig = await open();
    const link = await rig.nextLink();
    await link.send("early ");
    const connection = await rig.pool.outgoingGet(link.id);
    await link.send("late");
    link.close(1000);
    assertEquals(await readText(connection), "early late");
  });

  for (const code of [1000, 1001]) {
    onConnection(`ends when the peer closes with ${code}, after all bytes`, async (connection, link) => {
      link.send("all of it");
      link.close(code);
      assertEquals(await readText(connection), "all of it");
      await connection.closed;
      await assertRejects(() => write(connection, "more"), ConnectionLostError, `closed it with code ${code}`);
    });
  }

  for (const code of [1002, 1003, 1008, 1011, 4321]) {
    onConnection(`breaks when the peer closes with ${code}`, async (connection, link) => {
      link.close(code, "told why");
      const error = await assertRejects(() => readAll(connection), ConnectionLostError, `code ${code} (told why)`);
      assertEquals([error.code, error.reason], [code, "told why"]);
      assertEquals(await assertRejects(() => connection.closed), error);
      assertEquals(await assertRejects(() => write(connection, "more")), error);
    });
  }

  onConnection("breaks with 1006 when the socket is lost", async (connection, link) => {
    link.destroy();
    const error = await assertRejects(() => readAll(connection), ConnectionLostError, "the socket was lost");
    assertEquals(error.code, 1006);
    assertEquals(await assertRejects(() => connection.closed), error);
  });

  onConnection("puts fragmented messages together around a ping, and answers it", async (connection, link) => {
    await link.write(concat(
      link.frame(Opcode.binary, "in ", false),
      link.frame(Opcode.ping, "payload"),
      link.frame(Opcode.continuation, "three ", false),
      link.frame(Opcode.continuation, "parts"),
      link.frame(Opcode.binary),
    ));
    const pong = await link.readFrame();
    assertEquals([pong?.opcode, pong?.payload], [Opcode.pong, bytes("payload")]);
    link.close(1000);
    assertEquals(await readText(connection), "in three parts");
  });

  onConnection("skips empty messages", async (connection, link) => {
    for (const payload of ["", "a", "", "", "b"]) await link.send(payload);
    link.close(1000);
    const chunks = await Array.fromAsync(connection.readable);
    assertEquals(chunks, [bytes("a"), bytes("b")]);
  });

  onConnection("is no place for a text message", async (connection, link) => {
    const reading = assertRejects(() => readAll(connection), ProtocolError, "text message of 5 characters");
    await link.write(link.frame(Opcode.text, "hello"));
    assertEquals((await link.readClose()).code, closeCodeOf(name, 1003));
    const error = await reading;
    assertEquals(await assertRejects(() => connection.closed), error);
  });

  test(`npws/1 link of ${name}: a text message while it is idle closes it with 1003`, async () => {
    await using rig = await open();
    const link = await rig.nextLink();
    const closed = nextEvent(rig.pool, "linkclose");
    await link.write(link.frame(Opcode.text, "hello"));
    assertEquals((await link.readClose()).code, closeCodeOf(name, 1003));
    link.destroy();
    assertEquals([(await closed).id, (await closed).inUse], [link.id, false]);
  });

  test(`npws/1 link of ${name}: a ping is answered while it is idle`, async () => {
    await using rig = await open();
    const link = await rig.nextLink();
    await link.write(link.frame(Opcode.ping, "are you there"));
    const pong = await link.readFrame();
    assertEquals([pong?.opcode, pong?.payload], [Opcode.pong, bytes("are you there")]);
  });

  for (const code of [1000, 1001, 1002, 1006, 1011]) {
    const isOrderly = code <= 1001;

    test(`npws/1 link of ${name}: closed with ${code} while it is idle, it is never handed out`, async () => {
      await using rig = await open();
      const link = await rig.nextLink();
      if (!isOrderly) await link.send("half of a message to nobody");
      const { id, inUse, code: told } = await closeIdle(rig, link, code);
      assertEquals([id, inUse, told], [link.id, false, code]);
      await assertRejects(() => rig.pool.outgoingGet(link.id, { timeoutMs: 0 }), PoolTimeoutError);
      const { lost, lastError } = rig.pool.stats();
      assertEquals(lost, isOrderly ? 0 : 1);
      if (lost) assertStringIncludes(lastError!.message, `${code}`);
    });

    if (!isOrderly) continue;
    test(`npws/1 link of ${name}: what came before a close with ${code} is there for who fetches it by its id`, async () => {
      await using rig = await open({ pool: { receiveLimitBytes: 100 } });
      const link = await rig.nextLink();
      await link.send("said and gone");
      await closeIdle(rig, link, code);
      const connection = await rig.pool.outgoingGet(link.id);
      assertEquals(await readText(connection), "said and gone");
      await connection.closed;
      await assertRejects(() => rig.pool.outgoingGet(link.id, { timeoutMs: 0 }), PoolTimeoutError);
    });
  }
}

/** Closes the peer's side of an idle link, and returns how the pool reports it. */
async function closeIdle({ pool }: Rig, link: RawLink, code: number): Promise<LinkCloseDetail> {
  const closed = nextEvent(pool, "linkclose");
  if (code === 1006) link.destroy();
  else link.close(code);
  return await closed;
}

/** Deno's global WebSocket sends the protocol's own codes as 4000 and more, because its standard allows no others. */
function closeCodeOf(role: string, code: number): number {
  return "Deno" in globalThis && role.includes("global") ? 3000 + code : code;
}

import { ConnectionLostError, ConnectionResetError, type PoolConnection } from "@npws/pool";
import { assertEquals, assertRejects } from "@std/assert";
import { test } from "../harness.ts";
import { eventually } from "./eventually.ts";
import { exchange } from "./npws2_bulk.ts";
import { type OpenPair, pairs } from "./npws2_pairs.ts";
import type { RemotePool } from "./npws2_remote.ts";
import { startPools } from "./pools.ts";
import { readText, write } from "./streams.ts";

/** A stream between two processes: the end in this process, and the number of the end in the other. */
interface Setting extends OpenPair {
  here: PoolConnection;
  there: number;
}

/** A reset as the other process reports it. */
function reset(what: "read" | "write to", id: string, code: number, reason: string) {
  const by = what === "read" ? "the peer reset the stream" : "the peer stopped reading";
  const text = reason ? ` (${reason})` : "";
  return {
    name: "ConnectionResetError",
    message: `Cannot ${what} connection ${id}: ${by}, code ${code}${text}`,
    code,
    reason,
  };
}

/** Writes in the other process until that fails, and returns the failure. */
function writeUntilStopped(remote: RemotePool, stream: number) {
  return remote.call("flood", stream);
}

for (const { name, open } of pairs) {
  /** Runs a test on a stream, and then checks that the link carries the next one: no end of a stream may end its link. */
  const testEnd = (claim: string, run: (setting: Setting) => Promise<void>) =>
    test(`npws/2 end of a stream of ${name}: ${claim}`, async () => {
      await using pair = await open({ client: { minCapacity: 1, maxCapacity: 1 } });
      const accepted = pair.remote.call("accept");
      const here = await pair.local.open();
      await run({ ...pair, here, there: (await accepted).stream });
      await eventually(() => pair.local.stats().recycled === 1);
      assertEquals(pair.local.stats().inUse, 0);
      pair.remote.call("echo");
      await exchange(await pair.local.open(), "the next stream");
    });

  testEnd("writable.close() ends one direction, and the other goes on", async ({ here, there, remote }) => {
    await write(here, "all of it");
    await here.writable.close();
    assertEquals(await remote.call("read", there), "all of it");
    await remote.call("write", there, "still ");
    await remote.call("write", there, "going");
    await remote.call("endWriting", there);
    assertEquals(await readText(here), "still going");
    await here.closed;
    assertEquals(await remote.call("closed", there), undefined);
    assertEquals([here.bytesRead, here.bytesWritten], [11, 9]);
  });

  testEnd("writable.abort() resets one direction, and the other goes on", async ({ here, there, remote }) => {
    await write(here, "not all of it");
    await here.writable.abort("changed my mind");
    assertEquals(await remote.call("read", there), reset("read", here.id, 1, "changed my mind"));
    await remote.call("write", there, "still going");
    await remote.call("endWriting", there);
    assertEquals(await readText(here), "still going");
    assertEquals(await here.closed.catch((error) => error), "changed my mind");
    assertEquals(await remote.call("closed", there), reset("read", here.id, 1, "changed my mind"));
  });

  testEnd("readable.cancel() stops one direction, and the other goes on", async ({ here, there, remote }) => {
    const stopped = writeUntilStopped(remote, there);
    const reader = here.readable.getReader();
    await reader.read();
    await reader.cancel("enough");
    assertEquals(await stopped, reset("write to", here.id, 1, "enough"));
    await write(here, "still going");
    await here.writable.close();
    assertEquals(await remote.call("read", there), "still going");
    await here.closed;
    assertEquals(await remote.call("closed", there), reset("write to", here.id, 1, "enough"));
  });

  testEnd("abort() resets both directions", async ({ here, there, remote }) => {
    const stopped = writeUntilStopped(remote, there);
    const read = remote.call("read", there);
    await write(here, "some");
    const broken = assertRejects(() => readText(here));
    here.abort("all over");
    assertEquals(await read, reset("read", here.id, 1, "all over"));
    assertEquals((await stopped).reason, "all over");
    assertEquals((await remote.call("closed", there))?.code, 1);
    await broken;
    assertEquals(await here.closed.catch((error) => error), "all over");
  });

  testEnd("abort() with an Error keeps its message to itself", async ({ here, there, remote }) => {
    const secret = new Error("password wrong: hunter2");
    here.abort(secret);
    assertEquals(await assertRejects(() => here.closed), secret);
    assertEquals(await assertRejects(() => readText(here)), secret);
    assertEquals(await remote.call("read", there), reset("read", here.id, 1, ""));
  });

  testEnd("abort() without a reason says what was called", async ({ here, there, remote }) => {
    here.abort();
    const error = await assertRejects(() => here.closed, ConnectionResetError, "abort() was called");
    assertEquals([error.code, error.reason], [1, ""]);
    assertEquals(await remote.call("read", there), reset("read", here.id, 1, ""));
  });

  testEnd("what is no bytes resets the direction: the peer takes no part for the whole", async (setting) => {
    const { here, there, remote } = setting;
    const writer = here.writable.getWriter();
    writer.closed.catch(() => {});
    await writer.write(new TextEncoder().encode("part"));
    await assertRejects(() => writer.write("a string" as never), TypeError, "got a string");
    assertEquals(await remote.call("read", there), reset("read", here.id, 1, ""));
    await remote.call("endWriting", there);
    assertEquals(await readText(here), "");
  });

  testEnd("close() ends writing in order and discards what is unread", async ({ here, there, remote }) => {
    const stopped = writeUntilStopped(remote, there);
    await here.readable.getReader({ mode: "byob" }).read(new Uint8Array(1));
    await write(here, "the last words");
    await here.close();
    assertEquals(await remote.call("read", there), "the last words");
    assertEquals((await stopped).name, "ConnectionResetError");
    await here.closed;
  });

  testEnd("close() of what the peer has closed leaves nothing to do", async ({ here, there, remote }) => {
    await remote.call("write", there, "goodbye");
    await remote.call("endWriting", there);
    assertEquals(await readText(here), "goodbye");
    await using _ = here;
    await here.close();
    assertEquals(await remote.call("read", there), "");
    assertEquals(await remote.call("closed", there), undefined);
  });

  test(`npws/2 end of a stream of ${name}: both directions break when the peer's process dies`, async () => {
    await using pair = await open();
    const accepted = pair.remote.call("accept");
    const here = await pair.local.open();
    await accepted;
    const reading = assertRejects(() => readText(here), ConnectionLostError, "the socket was lost with code 1006");
    pair.remote.kill("SIGKILL");
    const error = await reading;
    assertEquals(error.code, 1006);
    assertEquals(await assertRejects(() => here.closed), error);
    assertEquals(await assertRejects(() => write(here, "too late")), error);
  });
}

test("npws/2 end of a stream: close() by both sides at once is clean", async () => {
  await using pools = await startPools({ protocol: 2 });
  const [here, there] = await Promise.all([pools.client.open(), pools.server.accept()]);
  await Promise.all([write(here, "crossing"), write(there, "crossing")]);
  await Promise.all([here.close(), there.close()]);
  await Promise.all([here.closed, there.closed]);
  await eventually(() => pools.client.stats().recycled === 1 && pools.server.stats().recycled === 1);
});

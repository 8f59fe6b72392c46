import { assert, assertEquals, assertRejects, assertStrictEquals } from "@std/assert";
import { ConnectionLostError, PoolTimeoutError } from "@npws/pool";
import { createCertificate } from "../certificates.ts";
import { test } from "../harness.ts";
import { dialNpws1 } from "../npws1_peer.ts";
import { serverPool, startPools } from "./pools.ts";
import { bytes, readAll, readExactly, write } from "./streams.ts";

const wrongIds: unknown[] = [
  "",
  "zz",
  "1234567",
  "123456789",
  "0x123456",
  " 0000000",
  "0000000g",
  0,
  null,
  undefined,
  {},
];

for (const id of wrongIds) {
  test(`bad input: outgoingGet(${JSON.stringify(id)}) rejects, and the pool goes on`, async () => {
    await using pools = await startPools();
    for (const pool of [pools.server, pools.client]) {
      await assertRejects(() => pool.outgoingGet(id as string), TypeError, "must be 8 hex digits");
      assertEquals([pool.stats().waiting, pool.active], [0, 1]);
    }
    assertEquals((await pools.client.outgoingGet("00000000")).id, "00000000");
  });
}

/** Chunks that are not bytes, and how the error names them. */
const wrongChunks: [string, () => unknown, string][] = [
  ["a string", () => "text", "a string"],
  ["a number", () => 7, "a number"],
  ["null", () => null, "null"],
  ["undefined", () => undefined, "undefined"],
  ["an array", () => [1, 2], "an array"],
  ["an object", () => ({ byteLength: 3 }), "an object"],
  ["a Blob", () => new Blob(["abc"]), "Blob"],
  ["a detached buffer", () => detached().buffer, "detached"],
  ["a view of a detached buffer", () => detached(), "detached"],
  ["a SharedArrayBuffer without a view", () => new SharedArrayBuffer(4), "SharedArrayBuffer"],
];

for (const [name, make, told] of wrongChunks) {
  test(`bad input: a write of ${name} fails, the peer does not take the bytes for all, and the pool goes on`, async () => {
    await using pools = await startPools({ client: { minCapacity: 2 } });
    const here = await pools.client.incomingGet();
    const there = await pools.server.outgoingGet(here.id);
    await write(here, "so far");
    assertEquals(await readExactly(there, 6), bytes("so far"));
    const error = await assertRejects(() => here.writable.getWriter().write(make() as Uint8Array), TypeError, told);
    assert(error.message.startsWith("Cannot write to connection: "), error.message);
    assertStrictEquals(await assertRejects(() => here.closed), error);
    assertEquals((await assertRejects(() => readAll(there), ConnectionLostError)).code, 1011);
    const next = await pools.client.incomingGet();
    await write(next, "on");
    assertEquals(await readExactly(await pools.server.outgoingGet(next.id), 2), bytes("on"));
  });
}

test("bad input: a call whose signal is aborted already rejects with its reason, and takes no link", async () => {
  await using pools = await startPools();
  const reason = { any: "reason" };
  const signal = AbortSignal.abort(reason);
  for (const pool of [pools.server, pools.client]) {
    for (const call of [pool.incomingGet({ signal }), pool.outgoingGet("00000000", { signal })]) {
      assertStrictEquals(await call.catch((error) => error), reason);
    }
    assertEquals([pool.active, pool.stats().aborts], [1, 2]);
    assertEquals(await Array.fromAsync(pool.incoming({ signal })), []);
  }
});

test("bad input: a wrong option of a call rejects, and the pool goes on", async () => {
  await using pools = await startPools();
  const { client } = pools;
  await assertRejects(() => client.incomingGet({ timeoutMs: -1 }), RangeError, "timeoutMs");
  await assertRejects(() => client.incomingGet({ timeoutMs: "5" as unknown as number }), TypeError, "timeoutMs");
  await assertRejects(() => client.outgoingGet("00000000", { timeout: 5 } as object), TypeError, "timeout");
  await assertRejects(() => client.outgoingGet("ffffffff", { timeoutMs: 0 }), PoolTimeoutError);
  assertEquals((await client.outgoingGet("00000000")).id, "00000000");
});

test("bad input: start() on a port in use rejects with an error that names it, and the pool can be closed", async () => {
  await using first = serverPool();
  await first.start();
  const { port } = first.address;
  const second = serverPool({ port });
  const error = await assertRejects(() => second.start(), Error);
  assert(error.message.includes(`${port}`) && /in use/i.test(error.message), error.message);
  assertEquals([second.isReady, second.errorCount, second.stats().lastError?.message], [false, 1, error.message]);
  await second.close();
  const link = await dialNpws1(port);
  assertEquals((await first.incomingGet()).id, link.id);
  link.destroy();
});

test("bad input: start() on an address that is not this machine's rejects, and the pool can be closed", async () => {
  await using server = serverPool({ hostname: "192.0.2.1" });
  const error = await assertRejects(() => server.start(), Error);
  assert(error.message.includes("192.0.2.1"), error.message);
});

test("bad input: a certificate that does not match its key is refused with a clear error", async () => {
  const [one, other] = await Promise.all([createCertificate(undefined), createCertificate(undefined)]);
  await assertRejects(
    async () => {
      await using server = serverPool({ tls: { cert: one.cert, key: other.key } });
      await server.start();
    },
    Error,
    "key",
  );
});

function detached(): Uint8Array {
  const view = new Uint8Array(4);
  structuredClone(view.buffer, { transfer: [view.buffer] });
  return view;
}

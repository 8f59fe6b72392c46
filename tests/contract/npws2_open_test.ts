import { NotSupportedError, type Pool, PoolTimeoutError } from "@npws/pool";
import { assertEquals, assertRejects } from "@std/assert";
import { test } from "../harness.ts";
import { exchange } from "./npws2_bulk.ts";
import { pairs } from "./npws2_pairs.ts";
import { clientPool, serverPool, startPools, until, urlOf } from "./pools.ts";
import { bytes, readText, write } from "./streams.ts";

/** The maximum of metadata for a stream, with every byte value in it. */
const longest = Uint8Array.from({ length: 2_048 }, (_, index) => index);

for (const { name, side, open } of pairs) {
  test(`npws/2 open() of ${name}: the peer's accept() gets the metadata and the same stream`, async () => {
    await using pair = await open({ client: { name: "edge-7" } });
    for (const metadata of [longest.subarray(0, 0), longest.subarray(7, 8), longest.subarray(0, 1_000), longest]) {
      const accepted = pair.remote.call("accept");
      const connection = await pair.local.open({ metadata });
      const there = await accepted;
      assertEquals([there.id, there.protocol, there.metadata], [connection.id, 2, [...metadata]]);
      assertEquals([connection.peer, there.peer], side === "client" ? [undefined, "edge-7"] : ["edge-7", undefined]);
      assertEquals(connection.metadata.length, 0, "metadata is the other side's");
    }
    pair.remote.call("echo");
    await exchange(await pair.local.open(), "there and back");
  });
}

for (const [opener, accepter] of [["client", "server"], ["server", "client"]] as const) {
  test(`npws/2 open() of the ${opener}: more than 2,048 bytes of metadata are refused, and no link is taken`, async () => {
    await using pools = await startPools({ protocol: 2 });
    await until(pools[opener], ({ idle }) => idle === 1);
    const tooLong = new Uint8Array(2_049);
    await assertRejects(() => pools[opener].open({ metadata: tooLong }), RangeError, "at most 2048 bytes, got 2049");
    assertEquals([pools[opener].active, pools[opener].stats().inUse], [1, 0]);
  });

  test(`npws/2 open() of the ${opener}: metadata that is changed during the call is sent as it was`, async () => {
    await using pools = await startPools({ protocol: 2 });
    const metadata = bytes("as it was");
    const opened = pools[opener].open({ metadata });
    metadata.fill(0);
    const accepted = await pools[accepter].accept();
    assertEquals(accepted.metadata, bytes("as it was"));
    await opened;
  });

  test(`npws/2 accept() of the ${accepter}: streams come in the order in which they were opened, to one call each`, async () => {
    await using pools = await startPools({ protocol: 2, client: { minCapacity: 4, maxCapacity: 4 } });
    await until(pools[opener], ({ idle }) => idle === 4);
    for (let number = 0; number < 4; number++) await pools[opener].open({ metadata: bytes([number]) });
    const accepted = await Promise.all(Array.from({ length: 4 }, () => pools[accepter].accept()));
    assertEquals(accepted.map(({ metadata }) => metadata[0]), [0, 1, 2, 3]);
    await assertRejects(() => pools[accepter].accept({ timeoutMs: 0 }), PoolTimeoutError, "the peer opened none");
  });

  test(`npws/2 accept() of the ${accepter}: a call that was there first is served first`, async () => {
    await using pools = await startPools({ protocol: 2 });
    const gaveUp = new AbortController();
    const calls = [
      pools[accepter].accept({ signal: gaveUp.signal }),
      pools[accepter].accept(),
      pools[accepter].accept(),
    ];
    const reason = new Error("gave up");
    gaveUp.abort(reason);
    assertEquals(await assertRejects(() => calls[0]), reason);
    await pools[opener].open({ metadata: bytes([1]) });
    assertEquals((await calls[1]).metadata[0], 1);
    await pools[opener].open({ metadata: bytes([2]) });
    assertEquals((await calls[2]).metadata[0], 2);
  });

  test(`npws/2 accepted() of the ${accepter}: ends with its signal and with the pool`, async () => {
    await using pools = await startPools({ protocol: 2 });
    const loop = async (signal?: AbortSignal) => {
      let count = 0;
      for await (const connection of pools[accepter].accepted({ signal })) {
        count++;
        await write(connection, "accepted");
        await connection.writable.close();
      }
      return count;
    };
    const controller = new AbortController();
    const ended = loop(controller.signal);
    assertEquals(await readText(await pools[opener].open()), "accepted");
    controller.abort();
    assertEquals(await ended, 1);
    const closed = loop();
    assertEquals(await readText(await pools[opener].open()), "accepted");
    await pools[accepter].close({ drainMs: 0 });
    assertEquals(await closed, 1);
  });

  test(`npws/2 accepted() of the ${accepter}: return() ends a next() that waits, which takes no stream then`, async () => {
    await using pools = await startPools({ protocol: 2 });
    const loop = pools[accepter].accepted();
    const next = loop.next();
    await loop.return!();
    assertEquals(await next, { value: undefined, done: true });
    assertEquals(pools[accepter].stats().waiting, 0);
    const [opened, accepted] = await Promise.all([pools[opener].open(), pools[accepter].accept()]);
    await Promise.all([opened.close(), accepted.close()]);
  });

  test(`npws/2 accept() of the ${accepter}: a full backlog lets open() wait until a stream was accepted`, async () => {
    const options = { acceptBacklog: 1 };
    await using pools = await startPools({ protocol: 2, client: { minCapacity: 2, ...options }, server: options });
    await pools[opener].open({ metadata: bytes([1]) });
    const second = pools[opener].open({ metadata: bytes([2]) });
    const third = pools[opener].open({ metadata: bytes([3]), timeoutMs: 20 });
    await assertRejects(() => third, PoolTimeoutError, "Cannot open a stream");
    assertEquals(pools[opener].stats().waiting, 1);
    assertEquals((await pools[accepter].accept()).metadata[0], 1);
    await second;
    assertEquals((await pools[accepter].accept()).metadata[0], 2);
    await assertRejects(() => pools[accepter].accept({ timeoutMs: 0 }), PoolTimeoutError);
    assertEquals(pools[opener].stats().deadOnTake, 0);
  });

  test(`npws/2 open() of the ${opener}: is not supported where only npws/1 is spoken`, async () => {
    await using pools = await startPools({ protocol: 1, [accepter]: { protocol: "auto" } });
    await assertRejects(() => pools[opener].open(), NotSupportedError, "it requires npws/2");
    await assertRejects(() => pools[opener].accept(), NotSupportedError, "it requires npws/2");
  });

  test(`npws/2 open() of the ${opener}: is not supported while every peer speaks npws/1`, async () => {
    await using pools = await startPools({ protocol: 1, [opener]: { protocol: "auto" } });
    await until(pools[opener], ({ idle }) => idle > 0);
    await assertRejects(() => pools[opener].open(), NotSupportedError, "every connected peer speaks npws/1");
  });
}

/** A server, and clients with these names, whose links arrived in this order; each client keeps `minCapacity` idle links. */
async function startNamed(names: string[], options: { acceptBacklog?: number; minCapacity?: number } = {}) {
  const server = serverPool();
  await server.start();
  const clients: Record<string, Pool> = {};
  let idle = 0;
  for (const name of names) {
    const client = clients[name] = clientPool({ url: urlOf(server), name, maxCapacity: 4, ...options });
    client.start();
    idle += options.minCapacity ?? 1;
    await until(server, (stats) => stats.idle >= idle);
  }
  return {
    server,
    clients,
    async [Symbol.asyncDispose]() {
      const pools = [server, ...Object.values(clients)];
      await Promise.all(pools.map((pool) => pool.close({ drainMs: 0 })));
    },
  };
}

test("npws/2 open() with a peer: reaches the client of that name", async () => {
  await using net = await startNamed(["a", "b", "c"], { minCapacity: 3 });
  for (const name of ["b", "a", "c", "b"]) {
    const [connection, accepted] = await Promise.all([
      net.server.open({ peer: name, metadata: bytes(name) }),
      net.clients[name].accept(),
    ]);
    assertEquals([connection.peer, accepted.metadata, accepted.id], [name, bytes(name), connection.id]);
  }
});

test("npws/2 open() with a peer: waits for a client that is not there", async () => {
  await using net = await startNamed(["a"]);
  await assertRejects(
    () => net.server.open({ peer: "b", timeoutMs: 0 }),
    PoolTimeoutError,
    "to b: no client of that name connected",
  );
  const waiting = net.server.open({ peer: "b" });
  const late = net.clients.b = clientPool({ url: urlOf(net.server), name: "b" });
  late.start();
  assertEquals((await waiting).id, (await late.accept()).id);
  assertEquals(net.server.stats().deadOnTake, 0);
});

test("npws/2 incomingGet() with a peer: takes and waits for links of the client of that name", async () => {
  await using net = await startNamed(["a", "b"]);
  for (const name of ["a", "b", "a"]) {
    const connection = await net.server.incomingGet({ peer: name });
    assertEquals(connection.peer, name);
    await net.clients[name].outgoingGet(connection.id);
  }
  const loop = net.server.incoming({ peer: "b" });
  const { value } = await loop.next();
  assertEquals(value.peer, "b");
  await loop.return!();
});

test("npws/2 open(): goes to another peer when the accept queue of the first is full", async () => {
  // The links of `a` are younger, and are therefore asked first.
  await using net = await startNamed(["b", "a"], { acceptBacklog: 1 });
  const { server, clients: { a, b } } = net;
  assertEquals((await server.open({ metadata: bytes([1]) })).peer, "a");
  // The next link of `a` is younger still.
  await until(server, ({ idle }) => idle >= 2);
  assertEquals((await server.open({ metadata: bytes([2]) })).peer, "b");
  assertEquals((await a.accept({ timeoutMs: 0 })).metadata[0], 1);
  assertEquals((await b.accept({ timeoutMs: 0 })).metadata[0], 2);
  await assertRejects(() => a.accept({ timeoutMs: 0 }), PoolTimeoutError);
  assertEquals(server.stats().deadOnTake, 0);
});

test("npws/2 open(): prefers a peer of npws/2 to younger links of npws/1, and incomingGet() takes those", async () => {
  await using server = serverPool();
  await server.start();
  await using modern = clientPool({ url: urlOf(server), name: "modern" });
  await modern.start();
  await using old = clientPool({ url: urlOf(server), protocol: 1 });
  await old.start();
  await until(server, ({ idle }) => idle === 2);
  assertEquals((await server.incomingGet()).protocol, 1);
  assertEquals((await server.open()).peer, "modern");
  await Promise.all([server, modern, old].map((pool) => pool.close({ drainMs: 0 })));
});

import { assertEquals, assertMatch, assertThrows } from "@std/assert";
import type { ServerPool } from "@npws/pool";
import { stub } from "@std/testing/mock";
import { test } from "../harness.ts";
import { dialNpws1, requestUpgrade } from "../npws1_peer.ts";
import { eventually } from "./eventually.ts";
import { clientPool, serverPool } from "./pools.ts";
import { bytes, readExactly, write } from "./streams.ts";

type Handler = (request: Request, serverOrInfo: unknown) => Response | undefined | Promise<Response | undefined>;

/** The application's own server, on 127.0.0.1. */
interface OwnServer extends AsyncDisposable {
  readonly port: number;
}

/** The part of Bun that this test uses. */
interface BunServe {
  serve(options: { hostname: string; port: number; fetch: Handler; websocket: object }): {
    port: number;
    stop(closeActiveConnections: boolean): Promise<void>;
  };
}

/** The part of a pool's handler for Bun that this test calls itself. */
interface BunHandlers {
  open(socket: unknown): void;
}

const serveOwn = "Bun" in globalThis ? serveOnBun : serveOnDeno;

test("mounted pool: pool.fetch alone is a server", async () => {
  await using pool = serverPool({ protocol: 1 });
  await using own = serveOwn(pool.fetch, pool);
  assertEquals(pool.isReady, false);
  const link = await dialNpws1(own.port);
  assertEquals([pool.isReady, pool.active, link.id], [true, 1, "00000000"]);
  const connection = await pool.incomingGet();
  await write(connection, "hello");
  assertEquals(await link.readMessage(), bytes("hello"));
  assertEquals(connection.remoteAddress?.hostname, "127.0.0.1");
  link.destroy();
  assertThrows(() => pool.address, Error, "the pool is not listening");
});

test("mounted pool: other routes of the server are the application's, and two pools do not meet", async () => {
  await using north = serverPool({ protocol: 1 });
  await using south = serverPool({ protocol: 1, allow: "192.0.2.1" });
  const pools: Record<string, ServerPool> = { "/north": north, "/south": south };
  await using own = serveOwn((request, info) => {
    const pool = pools[new URL(request.url).pathname];
    return pool ? pool.fetch(request, info) : new Response("no links here");
  }, north);
  await using client = clientPool({ url: `ws://127.0.0.1:${own.port}/north`, protocol: 1 });
  await client.start();
  const there = await north.incomingGet();
  const here = await client.outgoingGet(there.id);
  await write(here, "mounted");
  assertEquals(await readExactly(there, 7), bytes("mounted"));
  assertEquals(await (await fetch(`http://127.0.0.1:${own.port}/`)).text(), "no links here");
  const { status, link } = await requestUpgrade(own.port, { path: "/south" });
  link.destroy();
  assertEquals([status, south.stats().refusedForbidden, south.active], [403, 1, 0]);
  await client.close({ drainMs: 0 });
});

test("mounted pool: close() leaves the application's server running, and nobody is let in any more", async () => {
  const pool = serverPool({ protocol: 1 });
  await using own = serveOwn((request, info) => {
    return request.headers.has("upgrade") ? pool.fetch(request, info) : new Response("still here");
  }, pool);
  const link = await dialNpws1(own.port);
  const closed = pool.close();
  assertEquals((await link.readClose()).code, 1000);
  link.destroy();
  await closed;
  const refused = await requestUpgrade(own.port);
  refused.link.destroy();
  assertEquals([refused.status, pool.isReady], [503, false]);
  assertEquals(await (await fetch(`http://127.0.0.1:${own.port}/`)).text(), "still here");
});

test("mounted pool: authorize() may take its time before the upgrade", async () => {
  const authorize = async (request: Request) => {
    await new Promise((resolve) => setTimeout(resolve, 5));
    return request.headers.get("x-pass") === "yes";
  };
  await using pool = serverPool({ protocol: 1, authorize });
  await using own = serveOwn(pool.fetch, pool);
  const refused = await requestUpgrade(own.port);
  refused.link.destroy();
  const link = await dialNpws1(own.port, { headers: { "X-Pass": "yes" } });
  assertEquals([refused.status, pool.active], [401, 1]);
  link.destroy();
});

if ("Bun" in globalThis) {
  test("mounted pool: on Bun an application's open may call the pool's later, and more than once", async () => {
    await using pool = serverPool({ protocol: 1 });
    const { open, ...others } = pool.websocket as BunHandlers;
    const openTwice = (socket: unknown) => {
      open(socket);
      open(socket);
    };
    const websocket = { ...others, open: (socket: unknown) => void setTimeout(openTwice, 5, socket) };
    await using own = serveOnBun(pool.fetch, { websocket });
    const link = await dialNpws1(own.port);
    const connection = await pool.incomingGet();
    await link.send("hello");
    assertEquals(await readExactly(connection, 5), bytes("hello"));
    assertEquals([pool.stats().dialed, pool.stats().links, pool.errorCount], [1, 1, 0]);
    link.destroy();
  });

  test("mounted pool: on Bun a client that leaves a socket which is never opened gives its place back", async () => {
    await using pool = serverPool({ protocol: 1 });
    await using own = serveOnBun(pool.fetch, { websocket: { ...pool.websocket, open() {} } });
    const { link } = await requestUpgrade(own.port);
    assertEquals(pool.stats().dialing, 1);
    link.destroy();
    await eventually(() => pool.stats().dialing === 0);
    assertEquals(pool.stats().lastError?.message, "Cannot open link: client went away before the socket was open");
  });

  test("mounted pool: on Bun a socket that is not opened within 10 s gives its place back", async () => {
    await using pool = serverPool({ protocol: 1 });
    await using own = serveOnBun(pool.fetch, { websocket: { message() {} } });
    const late: (() => void)[] = [];
    const real = setTimeout;
    const keepLate = (callback: () => void, ms?: number) => ms === 10_000 ? late.push(callback) : real(callback, ms);
    using _timers = stub(globalThis, "setTimeout", keepLate as typeof setTimeout);
    const { link } = await requestUpgrade(own.port);
    assertEquals([pool.stats().dialing, late.length], [1, 1]);
    late[0]();
    assertEquals([pool.stats().dialing, pool.errorCount], [0, 1]);
    assertMatch(pool.stats().lastError!.message, /not open within 10000 ms/);
    link.destroy();
  });
}

function serveOnDeno(handler: Handler): OwnServer {
  const server = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen() {} }, handler as Deno.ServeHandler);
  return { port: server.addr.port, [Symbol.asyncDispose]: () => server.shutdown() };
}

function serveOnBun(handler: Handler, { websocket }: Pick<ServerPool, "websocket">): OwnServer {
  const { Bun } = globalThis as unknown as { Bun: BunServe };
  const server = Bun.serve({ hostname: "127.0.0.1", port: 0, fetch: handler, websocket });
  return { port: server.port, [Symbol.asyncDispose]: () => server.stop(true) };
}

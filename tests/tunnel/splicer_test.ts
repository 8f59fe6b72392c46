import { assertEquals, assertRejects } from "@std/assert";
import { connect, createServer, type Socket } from "node:net";
import { PassThrough } from "node:stream";
import type { PoolConnection } from "@npws/pool";
import { Log } from "../../examples/tunnel/log.ts";
import { Splicer } from "../../examples/tunnel/splicer.ts";
import { TcpConnector } from "../../examples/tunnel/tcp_connector.ts";
import { test } from "../harness.ts";
import { deafTarget } from "./deaf_target.ts";
import { listen } from "./target.ts";

function endless(): PoolConnection {
  return { readable: new ReadableStream(), writable: new WritableStream() } as unknown as PoolConnection;
}

const silent = new Log(new PassThrough() as never, false);

/** Creates a splicer that looks after things every millisecond, and has joined a connection with a stream that never ends. */
async function joined(abort: AbortSignal) {
  const splicer = new Splicer(silent, abort, { connectMs: 10_000, sweepMs: 1 });
  const { promise, resolve } = Promise.withResolvers<Socket>();
  const server = createServer({ allowHalfOpen: true }, resolve);
  const far = connect({ host: "127.0.0.1", port: await listen(server) });
  const broken = new Promise((resolve) => far.once("error", resolve));
  const socket = await promise;
  const kept = new Promise((resolve) => socket.setKeepAlive = (isOn) => (resolve(isOn), socket));
  const join = splicer.join(socket, endless(), () => "a connection");
  server.close();
  return { splicer, join, broken, kept };
}

test("Splicer.drain() waits for what is joined, and breaks what takes longer", async () => {
  const { splicer, join, broken } = await joined(new AbortController().signal);
  await splicer.drain(50);
  await Promise.all([join, broken]);
  await splicer.drain(1_000_000); // nothing is joined any longer
});

test("Splicer breaks what is joined when it is aborted, which ends the wait", async () => {
  const abort = new AbortController();
  const { splicer, join, broken } = await joined(abort.signal);
  const drained = splicer.drain(1_000_000);
  abort.abort(new Error("Aborted"));
  await Promise.all([drained, join, broken]);
});

test("Splicer keeps what is joined alive", async () => {
  const abort = new AbortController();
  const { splicer, join, broken, kept } = await joined(abort.signal);
  assertEquals(await kept, true);
  abort.abort(new Error("the end"));
  await Promise.all([join, broken, splicer.drain(1_000_000)]);
});

test("Splicer gives up a target that does not answer", async () => {
  await using deaf = await deafTarget();
  const end = new AbortController();
  const { connecting } = await deaf.unanswered(new TcpConnector(10_000, end.signal)); // nor do any later ones get an answer
  const splicer = new Splicer(silent, end.signal, { connectMs: 750, sweepMs: 10 });
  const why = "no connection within 750 ms";
  await assertRejects(() => splicer.joinTarget(deaf.target, endless(), () => "a connection"), Error, why);
  end.abort(new Error("the end"));
  await assertRejects(() => connecting, Error, "the end");
  await splicer.drain(1_000_000);
});

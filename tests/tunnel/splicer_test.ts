import { connect, createServer, type Socket } from "node:net";
import { PassThrough } from "node:stream";
import type { PoolConnection } from "@npws/pool";
import { Log } from "../../examples/tunnel/log.ts";
import { Splicer } from "../../examples/tunnel/splicer.ts";
import { test } from "../harness.ts";
import { listen } from "./target.ts";

/** Creates a splicer that has joined a connection with a stream that never ends. */
async function joined(abort: AbortSignal) {
  const splicer = new Splicer(new Log(new PassThrough() as never, false), abort);
  const { promise, resolve } = Promise.withResolvers<Socket>();
  const server = createServer({ allowHalfOpen: true }, resolve);
  const far = connect({ host: "127.0.0.1", port: await listen(server) });
  const broken = new Promise((resolve) => far.once("error", resolve));
  const stream = { readable: new ReadableStream(), writable: new WritableStream() } as unknown as PoolConnection;
  const join = splicer.join(await promise, stream, () => "a connection");
  server.close();
  return { splicer, join, broken };
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

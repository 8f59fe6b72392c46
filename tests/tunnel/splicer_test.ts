import { assertEquals, assertMatch, assertRejects } from "@std/assert";
import { stub } from "@std/testing/mock";
import { connect, createServer, type Socket } from "node:net";
import { PassThrough } from "node:stream";
import { ConnectionResetError, type PoolConnection } from "@npws/pool";
import { Log } from "../../examples/tunnel/log.ts";
import { Splicer } from "../../examples/tunnel/splicer.ts";
import { TcpConnector } from "../../examples/tunnel/tcp_connector.ts";
import { test } from "../harness.ts";
import { deafTarget } from "./deaf_target.ts";
import { listen } from "./target.ts";

function endless(): PoolConnection {
  return { readable: new ReadableStream(), writable: new WritableStream() } as unknown as PoolConnection;
}

/** A stream whose peer has sent nothing and ended. */
function ended(): PoolConnection {
  return { readable: new Blob([]).stream(), writable: new WritableStream() } as unknown as PoolConnection;
}

const silent = new Log(new PassThrough() as never, false);

/** Both ends of a connection. */
async function connection() {
  const { promise, resolve } = Promise.withResolvers<Socket>();
  const server = createServer({ allowHalfOpen: true }, resolve);
  const far = connect({ host: "127.0.0.1", port: await listen(server) });
  const broken = new Promise((resolve) => far.once("error", resolve));
  const near = await promise;
  server.close();
  return { near, far, broken };
}

/** Creates a splicer that has joined a connection with a stream that never ends. */
async function joined(abort: AbortSignal) {
  const splicer = new Splicer(silent, abort);
  const { near, broken } = await connection();
  const join = splicer.join(near, endless(), () => "a connection");
  return { splicer, join, broken };
}

/** Lets the test run what is to be done regularly. */
function intervalsByHand() {
  const callbacks = new Set<() => void>();
  const set = stub(
    globalThis,
    "setInterval",
    ((callback: () => void) => {
      callbacks.add(callback);
      return callback;
    }) as never,
  );
  const clear = stub(globalThis, "clearInterval", ((callback: () => void) => callbacks.delete(callback)) as never);
  return {
    get running(): number {
      return callbacks.size;
    },
    run(): void {
      for (const callback of callbacks) callback();
    },
    [Symbol.dispose](): void {
      set.restore();
      clear.restore();
    },
  };
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

test("Splicer breaks at once what is joined after it was aborted", async () => {
  const { splicer, join, broken } = await joined(AbortSignal.abort(new Error("Aborted")));
  await Promise.all([join, broken]);
  await splicer.drain(1_000_000); // otherwise it goes on sweeping for up to a second
});

test("Splicer looks after nothing once what was joined has ended cleanly", async () => {
  using intervals = intervalsByHand();
  const splicer = new Splicer(silent, new AbortController().signal);
  const { near, far } = await connection();
  const over = splicer.join(near, ended(), () => "a connection");
  far.resume().end();
  await over;
  intervals.run();
  assertEquals(intervals.running, 0);
  await splicer.drain(1_000_000);
});

test("Splicer.drain() ends although the log of what has ended is broken", async () => {
  const breaking = { write: (line: string) => assertMatch(line, /Opened/) };
  const splicer = new Splicer(new Log(breaking, true), new AbortController().signal);
  for (const end of [(far: Socket) => void far.resume().end(), (far: Socket) => void far.resetAndDestroy()]) {
    const { near, far } = await connection();
    far.on("error", () => {});
    const over = splicer.join(near, ended(), () => "a connection");
    end(far);
    await assertRejects(() => over, Error, "Opened");
  }
  await splicer.drain(1_000_000);
});

test("Splicer turns keep-alive on for what lasts, and looks after nothing once nothing is joined", async () => {
  using intervals = intervalsByHand();
  const splicer = new Splicer(silent, new AbortController().signal);
  const keptAlive: boolean[] = [];
  const join = async () => {
    const { near, far } = await connection();
    near.setKeepAlive = (isOn) => (keptAlive.push(isOn!), near);
    far.on("error", () => {});
    return { far, over: splicer.join(near, endless(), () => "a connection") };
  };
  const short = await join();
  assertEquals(intervals.running, 1);
  short.far.resetAndDestroy();
  await short.over;
  intervals.run();
  assertEquals([intervals.running, keptAlive], [0, []]);
  const long = await join();
  assertEquals(intervals.running, 1);
  for (let sweep = 0; sweep < 2; sweep++) intervals.run();
  assertEquals([intervals.running, keptAlive], [1, [true]]);
  long.far.resetAndDestroy();
  await Promise.all([long.over, splicer.drain(1_000_000)]);
  assertEquals(intervals.running, 0);
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

test("Splicer.joinTarget() waits only until the two are joined", async () => {
  const end = new AbortController();
  const splicer = new Splicer(silent, end.signal);
  const server = createServer({ allowHalfOpen: true }, (socket) => socket.on("error", () => {}));
  const target = { hostname: "127.0.0.1", port: await listen(server) };
  await splicer.joinTarget(target, endless(), () => "a connection");
  let isDrained = false;
  const drained = splicer.drain(1_000_000).then(() => isDrained = true);
  await new Promise((resolve) => setTimeout(resolve, 20));
  assertEquals(isDrained, false);
  end.abort(new Error("the end"));
  await drained;
  server.close();
});

test("Splicer.join() warns why the other end could not connect, and of no other failure", async () => {
  const lines: string[] = [];
  const splicer = new Splicer(new Log({ write: (line) => lines.push(line) }, false), new AbortController().signal);
  const nameless = new ConnectionResetError("Reset", 1, "nobody is told");
  const errors = [
    nameless,
    new ConnectionResetError("Reset", 1, ""),
    Object.assign(new Error("Lost"), { reason: "not a reset" }),
    new ConnectionResetError("Reset", 1, "no route"),
  ];
  for (const error of errors) {
    const { near, far } = await connection();
    far.on("error", () => {});
    const readable = new ReadableStream({ pull: (controller) => controller.error(error) });
    const broken = { readable, writable: new WritableStream() } as unknown as PoolConnection;
    await splicer.join(near, broken, () => "a connection", error === nameless ? undefined : "edge-7");
  }
  assertEquals(lines.map((line) => line.replace(/^\S+ /, "")), ["warn  edge-7: no route\n"]);
  await splicer.drain(1_000_000);
});

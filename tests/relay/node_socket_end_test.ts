import { assertEquals, assertRejects } from "@std/assert";
import { Socket } from "node:net";
import { NodeSocketEnd, type RelaySocket } from "../../src/relay/node_socket_end.ts";
import { test } from "../harness.ts";

type Listener = (...args: unknown[]) => void;

/** A socket whose events the test makes. */
class FakeSocket implements RelaySocket {
  readonly allowHalfOpen = true;
  destroyed = false;
  writableNeedDrain = false;
  keepsNoMemory?: boolean;
  readonly calls: string[] = [];
  readableEnded = false;
  finish: (error?: Error) => void = () => {};
  readonly #listeners = new Map<string, Listener>();

  on(event: string, listener: Listener): void {
    this.#listeners.set(event, listener);
  }

  emit(event: string, ...args: unknown[]): void {
    this.#listeners.get(event)!(...args);
  }

  pause(): void {
    this.calls.push("pause");
  }

  resume(): void {
    this.calls.push("resume");
  }

  write(bytes: Uint8Array): boolean {
    this.calls.push(`write ${bytes.byteLength}`);
    return !this.writableNeedDrain;
  }

  end(callback: (error?: Error) => void): void {
    this.calls.push("end");
    this.finish = callback;
  }

  destroy(): void {
    this.calls.push("destroy");
  }
}

class ResettableSocket extends FakeSocket {
  resetAndDestroy(): void {
    this.calls.push("reset");
  }
}

test("NodeSocketEnd.read() gives what came before and what comes, in order, and then the end", async () => {
  const socket = new FakeSocket();
  const end = new NodeSocketEnd(socket);
  for (const byte of [1, 2]) socket.emit("data", Uint8Array.of(byte));
  assertEquals([end.read(), end.read()], [Uint8Array.of(1), Uint8Array.of(2)]);
  const next = end.read();
  socket.emit("data", Uint8Array.of(3));
  assertEquals(await next, Uint8Array.of(3));
  const last = end.read();
  socket.emit("end");
  assertEquals([await last, end.read()], [undefined, undefined]);
});

test("NodeSocketEnd.read() gives the end that a socket has told before", () => {
  const socket = new FakeSocket();
  socket.readableEnded = true;
  assertEquals(new NodeSocketEnd(socket).read(), undefined);
});

test("NodeSocketEnd.end() rejects where the last bytes could not leave, though the peer had ended before", async () => {
  const socket = new FakeSocket();
  const end = new NodeSocketEnd(socket);
  socket.emit("end");
  const rejected = [assertRejects(() => end.end(), Error, "reset"), assertRejects(() => end.over, Error, "reset")];
  socket.finish(new Error("reset"));
  socket.emit("error", new Error("reset"));
  socket.emit("close");
  await Promise.all(rejected);
});

test("NodeSocketEnd holds its socket back while 64 KiB wait, until a read finds nothing", () => {
  const socket = new FakeSocket();
  const end = new NodeSocketEnd(socket);
  socket.emit("data", new Uint8Array(65_535));
  assertEquals(socket.calls, []);
  socket.emit("data", new Uint8Array(1));
  assertEquals(socket.calls, ["pause"]);
  end.read();
  end.read();
  assertEquals(socket.calls, ["pause"]);
  end.read();
  assertEquals(socket.calls, ["pause", "resume"]);
});

test("NodeSocketEnd.room() waits while the socket wants to be drained", async () => {
  const socket = new FakeSocket();
  const end = new NodeSocketEnd(socket);
  assertEquals(end.room(), undefined);
  socket.writableNeedDrain = true;
  const room = end.room();
  socket.writableNeedDrain = false;
  socket.emit("drain");
  await room;
  assertEquals(end.room(), undefined);
});

test("NodeSocketEnd.over resolves when both directions have ended, and a close behind that is no news", async () => {
  const socket = new FakeSocket();
  const end = new NodeSocketEnd(socket);
  const ended = end.end();
  socket.finish();
  await ended;
  socket.emit("end");
  socket.emit("close");
  await end.over;
  assertEquals(socket.calls, ["end"]);
});

for (const [event, error] of [["error", "reset by peer"], ["close", "Cannot relay: the socket was closed"]] as const) {
  test(`NodeSocketEnd breaks what waits for it at "${event}"`, async () => {
    const socket = new FakeSocket();
    const end = new NodeSocketEnd(socket);
    const read = end.read() as Promise<unknown>;
    const writing = end.end();
    socket.emit(event, new Error("reset by peer"));
    for (const broken of [read, writing, end.over]) await assertRejects(() => broken, Error, error);
  });
}

test("NodeSocketEnd of a socket that is destroyed is broken from the start", async () => {
  const socket = new FakeSocket();
  socket.destroyed = true;
  const end = new NodeSocketEnd(socket);
  await assertRejects(() => end.over, Error, "Cannot relay: the socket was closed");
});

test("NodeSocketEnd.room() ends when the socket breaks", async () => {
  const socket = new FakeSocket();
  const end = new NodeSocketEnd(socket);
  socket.writableNeedDrain = true;
  const room = end.room();
  socket.emit("close");
  await room;
});

test("NodeSocketEnd.abort() resets a socket that can be reset, and destroys any other", () => {
  const sockets = [new ResettableSocket(), new FakeSocket()];
  for (const socket of sockets) new NodeSocketEnd(socket).abort();
  assertEquals(sockets.map(({ calls }) => calls), [["reset"], ["destroy"]]);
});

test("NodeSocketEnd owns what it reads, and tells that bytes were taken, where the socket keeps no memory", () => {
  for (const keepsNoMemory of [true, false, undefined]) {
    const socket = new FakeSocket();
    socket.keepsNoMemory = keepsNoMemory;
    const end = new NodeSocketEnd(socket);
    socket.emit("data", new Uint8Array(1));
    end.read();
    assertEquals(end.ownsLastRead, keepsNoMemory === true);
    let taken = 0;
    end.write(new Uint8Array(1), () => taken++);
    socket.writableNeedDrain = true; // the socket keeps what it is given
    end.write(new Uint8Array(1), () => taken++);
    assertEquals(taken, keepsNoMemory ? 1 : 0);
  }
});

test("NodeSocketEnd.write() tells that bytes were taken when a socket of node:net calls back", () => {
  const socket = new Socket({ allowHalfOpen: true });
  let callBack = () => {};
  Object.assign(socket, { write: (_: Uint8Array, callback: () => void) => ((callBack = callback), true) });
  let taken = 0;
  new NodeSocketEnd(socket).write(new Uint8Array(1), () => taken++);
  assertEquals(taken, 0);
  callBack();
  assertEquals(taken, 1);
});

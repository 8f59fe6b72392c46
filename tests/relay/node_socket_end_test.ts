import { assertEquals, assertIsError } from "@std/assert";
import { Socket } from "node:net";
import { NodeSocketEnd, type RelaySocket } from "../../src/relay/node_socket_end.ts";
import { test } from "../harness.ts";
import { RecordedEvents } from "./recorded_events.ts";

type Listener = (...args: unknown[]) => void;

/** A socket whose events the test emits. */
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

/** An end with a relay that listens to it. */
function begin(socket: FakeSocket): { end: NodeSocketEnd; events: RecordedEvents } {
  const end = new NodeSocketEnd(socket);
  const events = new RecordedEvents();
  end.begin(events);
  return { end, events };
}

test("NodeSocketEnd.read() gives what comes, in order, and then the end", () => {
  const socket = new FakeSocket();
  const { end, events } = begin(socket);
  for (const byte of [1, 2]) socket.emit("data", Uint8Array.of(byte));
  assertEquals(events.told, ["readable", "readable"]);
  assertEquals([end.read(), end.read(), end.read()], [Uint8Array.of(1), Uint8Array.of(2), undefined]);
  assertEquals(end.isAtEnd, false);
  socket.emit("end");
  assertEquals([events.told.length, end.read(), end.isAtEnd], [3, undefined, true]);
});

test("NodeSocketEnd tells the end that a socket has told before", () => {
  const socket = new FakeSocket();
  socket.readableEnded = true;
  const { end, events } = begin(socket);
  assertEquals([events.told, end.read(), end.isAtEnd], [["readable"], undefined, true]);
});

test("NodeSocketEnd.end() fails where the last bytes could not leave, though the peer had ended before", () => {
  const socket = new FakeSocket();
  const { end, events } = begin(socket);
  socket.emit("end");
  let hasEnded = false;
  end.end(() => hasEnded = true);
  const error = new Error("reset");
  socket.finish(error);
  assertEquals([events.told, events.error, hasEnded], [["readable", "failed"], error, false]);
});

test("NodeSocketEnd holds its socket back until it is read, and while 64 KiB wait, until a read finds nothing", () => {
  const socket = new FakeSocket();
  const { end } = begin(socket);
  assertEquals(socket.calls, []);
  end.read();
  assertEquals(socket.calls, ["resume"]);
  socket.emit("data", new Uint8Array(65_535));
  assertEquals(socket.calls, ["resume"]);
  socket.emit("data", new Uint8Array(1));
  assertEquals(socket.calls, ["resume", "pause"]);
  end.read();
  end.read();
  assertEquals(socket.calls, ["resume", "pause"]);
  end.read();
  end.read();
  assertEquals(socket.calls, ["resume", "pause", "resume"]);
});

test("NodeSocketEnd has no room while its socket wants to be drained", () => {
  const socket = new FakeSocket();
  const { end, events } = begin(socket);
  assertEquals(end.hasRoom, true);
  socket.writableNeedDrain = true;
  assertEquals(end.hasRoom, false);
  socket.writableNeedDrain = false;
  socket.emit("drain");
  assertEquals([events.told, end.hasRoom], [["writable"], true]);
});

test("NodeSocketEnd is over when both directions have ended, and what comes behind that is no news", () => {
  for (const isReadFirst of [true, false]) {
    const socket = new FakeSocket();
    const { end, events } = begin(socket);
    if (isReadFirst) socket.emit("end");
    let hasEnded = false;
    end.end(() => hasEnded = true);
    socket.finish();
    assertEquals(hasEnded, true);
    if (!isReadFirst) socket.emit("end");
    socket.emit("error", new Error("reset behind the end"));
    socket.emit("close");
    assertEquals([events.told.toSorted(), socket.calls], [["over", "readable"], ["end"]]);
  }
});

test("NodeSocketEnd is over once, also where its end leads to its own at once", () => {
  const socket = new FakeSocket();
  const end = new NodeSocketEnd(socket);
  const events = new RecordedEvents();
  socket.end = (callback) => callback();
  events.readable = () => end.end(() => {});
  end.begin(events);
  socket.emit("end");
  assertEquals(events.told, ["over"]);
});

for (const [event, error] of [["error", "reset by peer"], ["close", "Cannot relay: the socket was closed"]] as const) {
  test(`NodeSocketEnd fails at "${event}"`, () => {
    const socket = new FakeSocket();
    const { end, events } = begin(socket);
    end.end(() => {});
    socket.emit(event, new Error("reset by peer"));
    assertEquals(events.told, ["failed"]);
    assertIsError(events.error, Error, error);
  });
}

test("NodeSocketEnd of a socket that is destroyed fails from the start", () => {
  const socket = new FakeSocket();
  socket.destroyed = true;
  const { events } = begin(socket);
  assertEquals(events.told, ["failed"]);
  assertIsError(events.error, Error, "Cannot relay: the socket was closed");
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
    const { end } = begin(socket);
    socket.emit("data", new Uint8Array(1));
    end.read();
    assertEquals(end.ownsLastRead, keepsNoMemory === true);
    let taken = 0;
    end.write(new Uint8Array(1), () => taken++);
    socket.writableNeedDrain = true; // the socket now queues what it is given
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

test("NodeSocketEnd reports nothing after its release", () => {
  const socket = new FakeSocket();
  const { end, events } = begin(socket);
  const before = [...events.told];
  end.release();
  for (const event of ["drain", "end", "close"]) socket.emit(event);
  socket.emit("error", new Error("late"));
  socket.emit("data", new Uint8Array(1));
  assertEquals(events.told, before);
});

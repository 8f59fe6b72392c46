import { assertEquals, assertRejects, assertStrictEquals } from "@std/assert";
import { type Carrier, ResetCode, Stream, type StreamLink } from "../../src/link/stream.ts";
import { TurnBatch } from "../../src/link/turn_batch.ts";
import { ManualClock } from "../fakes.ts";
import { test } from "../harness.ts";

/** A link that records what its stream asks of it. */
class FakeLink implements StreamLink {
  room = Infinity;
  readonly said: string[] = [];
  consumedBytes = 0;
  /** How often it was asked to check whether the stream is over. */
  looks = 0;

  sendable(): number {
    return this.room;
  }

  sendData(data: Uint8Array): void {
    this.room -= data.byteLength;
    this.said.push(`data ${[...data]}`);
  }

  sendEnd(left: () => void): void {
    this.said.push("fin");
    left();
  }

  sendReset(code: number, reason: string): void {
    this.said.push(`reset ${code} ${reason}`);
  }

  sendStop(code: number, reason: string): void {
    this.said.push(`stop ${code} ${reason}`);
  }

  consumed(bytes: number): void {
    this.consumedBytes += bytes;
  }

  streamProgressed(): void {
    this.looks++;
  }
}

function setUp() {
  const clock = new ManualClock();
  const link = new FakeLink();
  const stream = new Stream(link, new TurnBatch(clock));
  return { clock, link, stream };
}

/** Records what a stream tells its connection. */
function observe(stream: Stream): unknown[] {
  const told: unknown[] = [];
  stream.observe({
    readable: () => told.push("readable"),
    readFailed: (error) => told.push(["readFailed", error]),
    writeFailed: (error) => told.push(["writeFailed", error]),
    settled: () => told.push(["settled", stream.failure?.error]),
  });
  return told;
}

const gone = new Error("gone");

test("Stream hands out what came before and after the application had it, and reports what is consumed", () => {
  const { link, stream } = setUp();
  stream.receive(Uint8Array.of(1, 2));
  const told = observe(stream);
  stream.receive(Uint8Array.of(3, 4, 5));
  assertEquals([told, stream.unreadBytes, link.consumedBytes], [["readable"], 5, 0]);
  const target = new Uint8Array(3);
  assertEquals([stream.readInto(target), [...target]], [3, [1, 2, 3]]);
  assertEquals([stream.bytesRead, stream.unreadBytes, link.consumedBytes], [3, 2, 3]);
  assertEquals([...stream.read()!], [4, 5]);
  assertEquals([stream.read(), stream.readInto(target)], [undefined, 0]);
});

test("Stream keeps what came before the peer's end readable, and tells the link when it is read", () => {
  const { link, stream } = setUp();
  const told = observe(stream);
  stream.receive(Uint8Array.of(1));
  stream.receiveEnd();
  assertEquals([stream.receiving, link.looks], ["fin", 1]);
  assertEquals([...stream.read()!], [1]);
  assertEquals([told, link.looks], [["readable", "readable"], 2]);
});

test("Stream is settled without a failure when both directions ended", async () => {
  for (const first of ["own", "peer's"]) {
    const { stream } = setUp();
    const told = observe(stream);
    stream.write(Uint8Array.of(1));
    if (first === "peer's") stream.receiveEnd();
    stream.end();
    stream.sentEnd();
    if (first === "own") stream.receiveEnd();
    await Promise.resolve();
    assertEquals(told.filter((what) => what !== "readable"), [["settled", undefined]], first);
  }
});

test("Stream.end() says `fin` behind what was written, once", async () => {
  const { clock, link, stream } = setUp();
  stream.write(Uint8Array.of(1, 2));
  stream.end();
  stream.sentEnd();
  assertEquals([link.said, stream.sending], [["data 1,2", "fin"], "fin"]);
  assertEquals(stream.end(), undefined);
  stream.sentEnd();
  stream.reset(ResetCode.application, gone);
  await clock.advance(0);
  assertEquals([link.said.length, stream.bytesWritten], [2, 2]);
});

test("Stream.reset() drops what has not left, and tells the peer a reason only where it is a text", async () => {
  for (
    const [error, said] of [["enough", "reset 1 enough"], [new Error("secret"), "reset 1 "], [undefined, "reset 1 "]]
  ) {
    const { clock, link, stream } = setUp();
    const told = observe(stream);
    link.room = 0;
    stream.write(Uint8Array.of(1));
    const ended = assertRejects(() => stream.end()!.catch(() => Promise.reject(new Error("broken"))), Error, "broken");
    stream.reset(ResetCode.application, error);
    await ended;
    stream.reset(ResetCode.givenUp, "again");
    link.room = Infinity;
    stream.pump();
    await clock.advance(0);
    assertEquals([link.said, stream.sending, stream.unsentBytes], [[said], "reset", 0]);
    stream.receiveEnd();
    assertEquals(told, ["readable", ["settled", error]]);
  }
});

test("Stream.cancel() drops what is unread and what comes, and counts both as consumed", () => {
  const { link, stream } = setUp();
  const told = observe(stream);
  stream.receive(Uint8Array.of(1, 2, 3));
  stream.cancel(ResetCode.application, "full");
  stream.cancel(ResetCode.givenUp, "again");
  stream.receive(Uint8Array.of(4));
  assertEquals([stream.unreadBytes, link.consumedBytes, stream.bytesRead], [0, 4, 0]);
  assertEquals([link.said, told], [["stop 1 full"], ["readable"]]);
  assertEquals(stream.cancelled, true);
});

test("Stream.cancel() says nothing when the peer's direction has ended already", () => {
  const { link, stream } = setUp();
  stream.receive(Uint8Array.of(1));
  stream.receiveEnd();
  stream.cancel(ResetCode.application, undefined);
  assertEquals([link.said, link.consumedBytes, link.looks], [[], 1, 2]);
});

test("Stream.receiveReset() breaks reading and drops what is unread", () => {
  const { link, stream } = setUp();
  const told = observe(stream);
  stream.receive(Uint8Array.of(1, 2));
  stream.receiveReset(gone);
  assertEquals([stream.receiving, stream.unreadBytes, link.consumedBytes, link.looks], ["reset", 0, 2, 1]);
  assertEquals(told, ["readable", ["readFailed", gone]]);
  stream.end();
  stream.sentEnd();
  assertEquals(told.at(-1), ["settled", gone]);
});

test("Stream.receiveReset() is no failure for an application that has cancelled", () => {
  const { stream } = setUp();
  const told = observe(stream);
  stream.cancel(ResetCode.application, undefined);
  stream.receiveReset(gone);
  stream.end();
  stream.sentEnd();
  assertEquals(told, [["settled", undefined]]);
});

test("Stream.receiveStop() breaks writing alone", async () => {
  const { clock, link, stream } = setUp();
  const told = observe(stream);
  stream.write(Uint8Array.of(1));
  stream.receiveStop(gone);
  await clock.advance(0);
  stream.receive(Uint8Array.of(2));
  assertEquals([link.said, stream.sending], [[], "reset"]);
  assertEquals([told, [...stream.read()!]], [[["writeFailed", gone], "readable"], [2]]);
});

test("Stream.lost() breaks each direction that has not ended, and nothing that was received with its end", () => {
  // [what happened before, what the connection is told then]
  const cases: [(stream: Stream) => void, Record<string, unknown>][] = [
    [() => {}, { writeFailed: gone, readFailed: gone, settled: gone }],
    [(stream) => stream.receiveEnd(), { writeFailed: gone, settled: gone }],
    [(stream) => (stream.end(), stream.sentEnd()), { readFailed: gone, settled: gone }],
    [(stream) => (stream.end(), stream.sentEnd(), stream.receiveEnd()), {}],
  ];
  for (const [before, after] of cases) {
    const { stream } = setUp();
    const told = observe(stream);
    stream.receive(Uint8Array.of(1));
    before(stream);
    told.length = 0;
    stream.lost(gone);
    assertEquals(Object.fromEntries(told as [string, unknown][]), after);
    assertEquals(stream.unreadBytes, stream.receiving === "fin" ? 1 : 0);
  }
});

test("Stream.closedByPeer() ends both directions; only bytes that have not left are a failure", () => {
  for (const unsent of [false, true]) {
    const { link, stream } = setUp();
    const told = observe(stream);
    if (unsent) link.room = 0;
    stream.receive(Uint8Array.of(1));
    stream.write(new Uint8Array(20_000))?.catch(() => {});
    stream.closedByPeer(gone);
    assertEquals(told, ["readable", ["writeFailed", gone], "readable", ["settled", unsent ? gone : undefined]]);
    assertEquals([stream.receiving, stream.unreadBytes, stream.unsentBytes], ["fin", 1, 0]);
  }
});

test("Stream keeps the first failure, whatever value it is", () => {
  const { stream } = setUp();
  stream.reset(ResetCode.application, undefined);
  stream.lost(gone);
  assertEquals(observe(stream), [["readFailed", gone], ["settled", undefined]]);
  const { stream: other } = setUp();
  other.receiveReset(gone);
  other.reset(ResetCode.application, new Error("later"));
  assertEquals(observe(other).at(-1), ["settled", gone]);
});

test("Stream tells an application that gets it late what has happened", () => {
  const { stream } = setUp();
  stream.receive(Uint8Array.of(1));
  stream.receiveStop(gone);
  stream.receiveReset(gone);
  const told = observe(stream);
  assertEquals(told, [["readFailed", gone], ["writeFailed", gone], ["settled", gone]]);
});

test("Stream.detach() separates it from its link, which it keeps the facts of", async () => {
  const { clock, link, stream } = setUp();
  const carrier = Object.assign(link, { id: "a1b2c3d4", protocol: 2, peer: "edge-7" }) as unknown as
    & StreamLink
    & Carrier;
  stream.bind(carrier);
  stream.receive(Uint8Array.of(1));
  stream.detach();
  stream.read();
  stream.cancel(ResetCode.application, undefined);
  stream.reset(ResetCode.application, gone);
  stream.write(Uint8Array.of(1));
  await clock.advance(0);
  assertEquals([link.said, link.consumedBytes, link.looks], [[], 0, 0]);
  assertEquals(stream.id, "a1b2c3d4");
  assertStrictEquals(stream.carrier, carrier);
});

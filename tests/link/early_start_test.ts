import { assert, assertEquals, assertFalse, assertRejects } from "@std/assert";
import { type EarlyLink, EarlyStart } from "../../src/link/early_start.ts";
import { TurnBatch } from "../../src/link/turn_batch.ts";
import { ManualClock } from "../fakes.ts";
import { test } from "../harness.ts";
import { RecordingSocket } from "./recording_socket.ts";

/** Records what an early start sends on one link; the test sets the credit. */
class FakeEarlyLink implements EarlyLink {
  readonly protocol = 2;
  readonly peer = undefined;
  readonly socket = new RecordingSocket();
  readonly id: string;
  readonly sent: string[] = [];
  /** The bytes of all data. */
  readonly bytes: number[] = [];
  credit: number;

  constructor(id: string, credit = Infinity) {
    this.id = id;
    this.credit = credit;
  }

  sendable(): number {
    return this.credit;
  }

  sendData(data: Uint8Array): void {
    this.credit -= data.byteLength;
    this.sent.push(`data ${data.byteLength}`);
    this.bytes.push(...data);
  }

  sendFin(): void {
    this.sent.push("fin");
  }

  /** The end of a stream that is the link's own. */
  sendEnd(left: () => void): void {
    this.sent.push("end");
    left();
  }

  sendReset(code: number): void {
    this.sent.push(`reset ${code}`);
  }

  sendStop(code: number): void {
    this.sent.push(`stop ${code}`);
  }

  earlySent(): void {
    this.sent.push("handed over");
  }

  consumed(): void {}

  streamProgressed(): void {}
}

function setUp(credit?: number) {
  const clock = new ManualClock();
  const early = new EarlyStart(new TurnBatch(clock));
  const link = new FakeEarlyLink("0000000a", credit);
  const write = async (bytes: Uint8Array) => {
    early.stream.write(bytes)?.catch(() => {});
    await clock.advance(0);
  };
  return { early, stream: early.stream, link, write, turn: () => clock.advance(0) };
}

test("EarlyStart.begin() sends what is written at once, and its end", async () => {
  const { early, stream, link, write } = setUp();
  early.begin(link);
  assertEquals([stream.id, stream.carrier], ["0000000a", link]);
  await write(Uint8Array.of(1, 2, 3));
  stream.end();
  assertEquals(link.sent, ["data 3", "fin"]);
  assertEquals(link.bytes, [1, 2, 3]);
  assert(early.isFinSent);
});

test("EarlyStart.begin() sends what was written before it", async () => {
  const { early, stream, link, write } = setUp();
  await write(Uint8Array.of(1, 2, 3));
  stream.end();
  assertFalse(early.isBegun);
  early.begin(link);
  assert(early.isBegun);
  assertEquals(link.sent, ["data 3", "fin"]);
});

test("EarlyStart.pump() goes on when credit came, and sends the end behind the last byte", async () => {
  const { early, stream, link, write } = setUp(2);
  early.begin(link);
  await write(Uint8Array.of(1, 2, 3, 4, 5));
  stream.end();
  assertEquals(link.sent, ["data 2"]);
  link.credit = 1;
  early.pump();
  assertEquals(link.sent, ["data 2", "data 1"]);
  link.credit = 9;
  early.pump();
  early.pump();
  assertEquals(link.sent, ["data 2", "data 1", "data 2", "fin"]);
  assertEquals(link.bytes, [1, 2, 3, 4, 5]);
});

test("EarlyStart takes 64 KiB before the answer and the rest behind it", async () => {
  const { early, stream, link } = setUp();
  early.begin(link);
  const written = stream.write(new Uint8Array(65_536 + 100));
  assert(written);
  assertEquals(link.sent, ["data 65536"]);
  assertEquals(stream.unsentBytes, 100);
  early.confirm();
  await written;
  assertEquals(link.sent, ["data 65536", "handed over", "data 100"]);
});

test("EarlyStart keeps a copy of what was written, for the application may use its memory again", async () => {
  const { early, link, write } = setUp(0);
  early.begin(link);
  const memory = Uint8Array.of(1, 2, 3);
  await write(memory);
  memory.fill(9);
  link.credit = 3;
  early.pump();
  assertEquals(link.bytes, [1, 2, 3]);
});

test("EarlyStart.confirm() makes the stream the link's own", async () => {
  const { early, stream, link, write } = setUp();
  early.begin(link);
  await write(Uint8Array.of(1));
  early.confirm();
  await write(Uint8Array.of(2));
  stream.end();
  stream.cancel(1, "");
  assertEquals(link.sent, ["data 1", "handed over", "data 1", "end", "stop 1"]);
});

test("EarlyStart.confirm() hands the stream over when its copy is sent, and not before", async () => {
  const { early, stream, link, write } = setUp(1);
  early.begin(link);
  await write(Uint8Array.of(1, 2, 3));
  early.confirm();
  await write(Uint8Array.of(4));
  assertEquals(link.sent, ["data 1"]);
  assertEquals(stream.unsentBytes, 1);
  link.credit = 9;
  early.pump();
  assertEquals(link.sent, ["data 1", "data 2", "handed over", "data 1"]);
  assertEquals(link.bytes, [1, 2, 3, 4]);
});

test("EarlyStart.confirm() ends the stream whose end was sent early", async () => {
  const { early, stream, link, write } = setUp();
  early.begin(link);
  await write(Uint8Array.of(1));
  stream.end();
  assertEquals(stream.sending, "open");
  early.confirm();
  assertEquals(stream.sending, "fin");
  assertEquals(link.sent, ["data 1", "fin", "handed over"]);
});

test("EarlyStart.begin() sends everything from the first byte on another link", async () => {
  const { early, stream, link, write } = setUp();
  early.begin(link);
  await write(Uint8Array.of(1, 2));
  stream.end();
  early.leave();
  const other = new FakeEarlyLink("0000000b");
  early.begin(other);
  assertEquals(stream.id, "0000000b");
  assertEquals(other.sent, ["data 2", "fin"]);
  assertEquals(other.bytes, [1, 2]);
});

test("EarlyStart.leave() lets nothing more reach the link, which carries another stream soon", async () => {
  const { early, stream, link, write } = setUp(1);
  early.begin(link);
  await write(Uint8Array.of(1, 2));
  early.leave();
  link.credit = 100;
  await write(Uint8Array.of(3));
  stream.end();
  early.pump();
  stream.reset(1, "");
  assertEquals(link.sent, ["data 1"]);
});

test("EarlyStart.confirm() sends a reset and a stop that the application made before the answer", async () => {
  const { early, stream, link, write } = setUp(1);
  early.begin(link);
  await write(Uint8Array.of(1, 2, 3));
  stream.reset(1, "");
  assertFalse(early.isGivenUp);
  stream.cancel(1, "");
  assert(early.isGivenUp);
  link.credit = 100;
  early.pump();
  assertEquals(link.sent, ["data 1"], "the rest of what was reset");
  early.confirm();
  assertEquals(link.sent, ["data 1", "reset 1", "stop 1", "handed over"]);
});

test("EarlyStart.confirm() sends no reset behind an end", () => {
  const { early, stream, link } = setUp();
  early.begin(link);
  stream.end();
  stream.reset(1, "");
  early.confirm();
  assertEquals(link.sent, ["fin", "handed over"]);
});

test("EarlyStart sends no end behind a reset before the answer", async () => {
  const { early, stream, link, write } = setUp(1);
  early.begin(link);
  await write(Uint8Array.of(1, 2, 3));
  stream.end()?.catch(() => {});
  stream.reset(1, "");
  link.credit = 100;
  early.pump();
  early.confirm();
  assertEquals(link.sent, ["data 1", "reset 1", "handed over"]);
});

test("EarlyStart sends nothing behind a reset after the answer, while its copy waits for credit", async () => {
  const { early, stream, link, write } = setUp(1);
  early.begin(link);
  await write(Uint8Array.of(1, 2, 3));
  stream.end()?.catch(() => {});
  early.confirm();
  stream.reset(1, "");
  link.credit = 100;
  early.pump();
  assertEquals(link.sent, ["data 1", "reset 1", "handed over"]);
});

test("EarlyStart.dropRest() sends nothing behind the reset that answered the peer's stop", async () => {
  const { early, stream, link, write } = setUp(1);
  early.begin(link);
  await write(Uint8Array.of(1, 2, 3));
  stream.end()?.catch(() => {});
  early.confirm();
  stream.receiveStop(new Error("the peer does not want more"));
  early.dropRest();
  link.credit = 100;
  early.pump();
  assertEquals(link.sent, ["data 1", "handed over"]);
});

test("EarlyStart.abandon() breaks the stream and sends nothing more", async () => {
  const { early, stream, link, write } = setUp();
  early.begin(link);
  await write(Uint8Array.of(1));
  const waiting = stream.write(new Uint8Array(70_000));
  const lost = new Error("the call has failed");
  early.abandon(lost);
  await assertRejects(() => waiting!, Error, lost.message);
  assertEquals([stream.sending, stream.receiving], ["reset", "reset"]);
  assertEquals(link.sent, ["data 1", "data 65535"]);
});

test("EarlyStart.abandon() leaves the rest of its copy unsent when credit comes", async () => {
  const { early, link, write } = setUp(1);
  early.begin(link);
  await write(Uint8Array.of(1, 2, 3));
  early.abandon(new Error("the call has failed"));
  link.credit = 100;
  early.pump();
  assertEquals(link.sent, ["data 1"]);
});

test("EarlyStart.hasWritten is what may have reached the peer: bytes, or an end without any", async () => {
  const wrote = setUp();
  wrote.early.begin(wrote.link);
  assertFalse(wrote.early.hasWritten);
  await wrote.write(Uint8Array.of(1));
  assert(wrote.early.hasWritten);
  const ended = setUp();
  ended.early.begin(ended.link);
  ended.stream.end();
  assert(ended.early.hasWritten);
});

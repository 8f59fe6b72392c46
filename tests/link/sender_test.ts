import { assert, assertEquals, assertFalse, assertRejects, assertStrictEquals } from "@std/assert";
import { MAX_DATA_BYTES } from "../../src/link/control.ts";
import { Sender, type SenderTarget } from "../../src/link/sender.ts";
import { TurnBatch } from "../../src/link/turn_batch.ts";
import { ManualClock } from "../fakes.ts";
import { test } from "../harness.ts";

/** From this size on, a write is sent without being copied together with others. */
const DIRECT_BYTES = 16_384;

/** Takes what is sent, as long as it has room. */
class FakeTarget implements SenderTarget {
  room = Infinity;
  readonly messages: Uint8Array[] = [];
  ends = 0;
  onSend = (): void => {};

  sendable(): number {
    return this.room;
  }

  sendData(data: Uint8Array): void {
    assert(data.byteLength > 0 && data.byteLength <= Math.min(MAX_DATA_BYTES, this.room), `${data.byteLength} bytes`);
    this.messages.push(data.slice());
    this.room -= data.byteLength;
    this.onSend();
  }

  /** Whether the end is held back until the test calls `left`. */
  holdsEnd = false;
  left: () => void = () => {};

  sendEnd(left: () => void): void {
    this.ends++;
    if (this.holdsEnd) this.left = left;
    else left();
  }

  get sizes(): number[] {
    return this.messages.map(({ byteLength }) => byteLength);
  }

  get bytes(): number[] {
    return this.messages.flatMap((message) => [...message]);
  }
}

function setUp(room = Infinity) {
  const clock = new ManualClock();
  const target = new FakeTarget();
  target.room = room;
  const sender = new Sender(target, new TurnBatch(clock));
  const make = (bytes: number) => {
    target.room = bytes;
    sender.pump();
  };
  return { clock, target, sender, make };
}

/** Consecutive numbers modulo 251, starting at `first`. */
function counting(length: number, first = 0): Uint8Array {
  return Uint8Array.from({ length }, (_, index) => (first + index) % 251);
}

test("Sender sends the small writes of one turn together when it ends", async () => {
  const { clock, target, sender } = setUp();
  for (let index = 0; index < 5; index++) assertEquals(sender.write(Uint8Array.of(index)), undefined);
  assertEquals([target.messages.length, sender.pendingBytes], [0, 5]);
  await clock.advance(0);
  assertEquals([target.bytes, target.sizes, sender.pendingBytes], [[0, 1, 2, 3, 4], [5], 0]);
  sender.write(Uint8Array.of(5));
  await clock.advance(0);
  assertEquals(target.sizes, [5, 1]);
  assertEquals(clock.pending, 0);
});

test("Sender has copied a small write when it returns", async () => {
  const { clock, target, sender } = setUp();
  const bytes = Uint8Array.of(1, 2);
  sender.write(bytes);
  bytes.fill(9);
  await clock.advance(0);
  assertEquals(target.bytes, [1, 2]);
});

test("Sender sends a big write at once, behind what was gathered, in messages of 64 KiB", () => {
  const { target, sender } = setUp();
  sender.write(counting(3));
  assertEquals(sender.write(counting(2 * MAX_DATA_BYTES + 1, 3)), undefined);
  assertEquals(target.sizes, [3, MAX_DATA_BYTES, MAX_DATA_BYTES, 1]);
  assertEquals(new Uint8Array(target.bytes), counting(2 * MAX_DATA_BYTES + 4));
  assertEquals(sender.pendingBytes, 0);
});

test("Sender gathers writes below 16 KiB, and sends at once when 64 KiB are full", async () => {
  const { clock, target, sender } = setUp();
  sender.write(counting(DIRECT_BYTES - 1));
  assertEquals(target.sizes, []);
  sender.write(counting(DIRECT_BYTES));
  assertEquals(target.sizes, [DIRECT_BYTES - 1, DIRECT_BYTES]);
  for (let count = 0; count < 64; count++) sender.write(counting(1_024));
  assertEquals([target.sizes.slice(2), sender.pendingBytes], [[MAX_DATA_BYTES], 0]);
  sender.write(counting(10));
  await clock.advance(0);
  assertEquals(target.sizes.slice(3), [10]);
});

test("Sender sends what was gathered before a small write that does not fit beside it", async () => {
  const { clock, target, sender } = setUp();
  const writes = [16_000, 16_000, 16_000, 16_000, 2_000];
  let written = 0;
  for (const size of writes) {
    sender.write(counting(size, written));
    written += size;
  }
  await clock.advance(0);
  assertEquals(new Uint8Array(target.bytes), counting(written));
  assert(target.sizes.every((size) => size <= MAX_DATA_BYTES));
});

test("Sender takes an empty write and sends nothing for it", async () => {
  const { clock, target, sender } = setUp();
  assertEquals(sender.write(new Uint8Array()), undefined);
  await clock.advance(0);
  assertEquals([target.sizes, clock.pending], [[], 0]);
});

test("Sender sends no byte more than there is room, and the rest in order when room comes", async () => {
  const { clock, target, sender, make } = setUp(4);
  sender.write(counting(3));
  const written = sender.write(counting(20_000, 3));
  assertEquals([target.sizes, sender.pendingBytes], [[3, 1], 19_999]);
  let isWritten = false;
  written!.then(() => isWritten = true);
  make(10_000);
  await clock.advance(0);
  assertEquals([sender.pendingBytes, isWritten], [9_999, false]);
  make(0);
  make(9_999);
  await clock.advance(0);
  assertEquals([sender.pendingBytes, isWritten, new Uint8Array(target.bytes)], [0, true, counting(20_003)]);
});

test("Sender gathers at most 64 KiB while there is no room; the write beyond waits", async () => {
  const { clock, target, sender, make } = setUp(0);
  let written = 0;
  let waiting: Promise<void> | undefined;
  while (!waiting) {
    waiting = sender.write(counting(10_000, written));
    written += 10_000;
  }
  await clock.advance(0);
  assertEquals([written, sender.pendingBytes, target.sizes], [70_000, 70_000, []]);
  make(Infinity);
  await waiting;
  assertEquals([target.sizes, new Uint8Array(target.bytes)], [[60_000, 10_000], counting(70_000)]);
});

test("Sender sends a part of what was gathered when room comes in small pieces", async () => {
  const { clock, target, sender, make } = setUp(0);
  sender.write(counting(10));
  await clock.advance(0);
  for (const room of [1, 3, 4]) make(room);
  sender.write(counting(5, 10));
  make(100);
  await clock.advance(0);
  assertEquals([target.sizes.slice(0, 3), target.bytes], [[1, 3, 4], [...counting(15)]]);
});

test("Sender.pump() leaves what this turn gathers together", async () => {
  const { clock, target, sender } = setUp();
  sender.write(counting(1));
  sender.pump();
  sender.write(counting(1, 1));
  assertEquals(target.sizes, []);
  await clock.advance(0);
  assertEquals(target.sizes, [2]);
});

test("Sender.end() sends the end behind everything written, once", async () => {
  const { clock, target, sender } = setUp();
  sender.write(counting(3));
  assertEquals(sender.end(), undefined);
  assertEquals([target.bytes, target.ends, sender.holdsBack], [[0, 1, 2], 1, false]);
  assertEquals([sender.write(counting(1)), sender.end()], [undefined, undefined]);
  await clock.advance(0);
  assertEquals([target.sizes, target.ends], [[3], 1]);
});

test("Sender.end() waits for room", async () => {
  const { clock, target, sender, make } = setUp(0);
  sender.write(counting(3));
  let isEnded = false;
  const ended = sender.end()!;
  ended.then(() => isEnded = true);
  assertStrictEquals(sender.end(), ended);
  await clock.advance(0);
  make(2);
  await clock.advance(0);
  assertEquals([isEnded, target.ends], [false, 0]);
  make(1);
  await clock.advance(0);
  assertEquals([isEnded, target.ends, target.bytes], [true, 1, [0, 1, 2]]);
});

test("Sender.end() needs no room when nothing is left to send", () => {
  const { target, sender } = setUp(0);
  assertEquals(sender.end(), undefined);
  assertEquals([target.ends, target.sizes], [1, []]);
});

test("Sender.discard() rejects the write or end that waits, and nothing is sent any more", async () => {
  for (const what of ["write", "end"] as const) {
    const { clock, target, sender, make } = setUp(0);
    if (what === "end") sender.write(counting(3));
    const waiting = what === "write" ? sender.write(counting(DIRECT_BYTES)) : sender.end();
    const rejected = assertRejects(() => waiting!, Error, "given up");
    sender.discard(new Error("given up"));
    await rejected;
    make(Infinity);
    await clock.advance(0);
    assertEquals([target.sizes, target.ends, sender.pendingBytes], [[], 0, 0], what);
    assertEquals([sender.write(counting(1)), sender.end()], [undefined, undefined]);
  }
});

test("Sender.discard() drops what the turn has gathered", async () => {
  const { clock, target, sender } = setUp();
  sender.write(counting(3));
  sender.discard(new Error("given up"));
  await clock.advance(0);
  assertEquals([target.sizes, clock.pending], [[], 0]);
});

test("Sender bears that its target is found lost while it sends, in a write, at a turn's end and in an end", async () => {
  const actions: ((sender: Sender, clock: ManualClock) => unknown)[] = [
    (sender) => sender.write(counting(3 * MAX_DATA_BYTES)),
    (sender, clock) => {
      sender.write(counting(3));
      return clock.advance(0);
    },
    (sender) => {
      sender.write(counting(3));
      return sender.end();
    },
  ];
  for (const action of actions) {
    const { clock, target, sender } = setUp();
    target.onSend = () => sender.discard(new Error("lost"));
    await Promise.resolve(action(sender, clock)).catch(({ message }) => assertEquals(message, "lost"));
    await clock.advance(0);
    assertEquals([target.messages.length, target.ends, sender.pendingBytes], [1, 0, 0]);
  }
});

test("Sender.end() rejects when its target is found lost while it sends the end or what comes before", async () => {
  for (const before of [0, 3]) {
    const { target, sender } = setUp();
    const lose = () => sender.discard(new Error("lost"));
    if (before > 0) target.onSend = lose;
    else target.sendEnd = lose;
    sender.write(counting(before));
    await assertRejects(() => sender.end()!, Error, "lost");
    assertEquals([sender.holdsBack, sender.end()], [false, undefined]);
  }
});

test("Sender gives its memory back when it has sent everything, however many there are", async () => {
  const clock = new ManualClock();
  const batch = new TurnBatch(clock);
  const targets = Array.from({ length: 100 }, () => new FakeTarget());
  const senders = targets.map((target) => new Sender(target, batch));
  for (let round = 0; round < 3; round++) {
    for (const [index, sender] of senders.entries()) sender.write(Uint8Array.of(round, index));
    await clock.advance(0);
  }
  for (const [index, { bytes }] of targets.entries()) assertEquals(bytes, [0, index, 1, index, 2, index]);
});

test("Sender.end() resolves when the end has left, and rejects when it is discarded before", async () => {
  for (const isLost of [false, true]) {
    const { target, sender } = setUp();
    target.holdsEnd = true;
    const ended = sender.end();
    sender.pump();
    assertEquals([target.ends, sender.holdsBack, sender.end()], [1, true, ended]);
    let isSettled = false;
    const settled = ended!.then(() => "left", () => "lost").finally(() => isSettled = true);
    await Promise.resolve();
    assertFalse(isSettled);
    if (isLost) sender.discard(new Error("lost"));
    else target.left();
    assertEquals([await settled, sender.holdsBack], [isLost ? "lost" : "left", false]);
    target.left(); // too late
  }
});

import fc from "fast-check";
import { assertEquals, assertNotStrictEquals, assertStrictEquals } from "@std/assert";
import { Bundle, readBundle } from "../../src/link/bundle.ts";
import { MAX_CONTROL_BYTES } from "../../src/link/control.ts";
import { returnBuffer, withRoom } from "../../src/link/gather_buffers.ts";
import type { Message } from "../../src/runtime/socket.ts";
import { test } from "../harness.ts";
import { bundleOf, MAX_BUNDLE_BYTES, MAX_BUNDLED_BYTES } from "./bundle_bytes.ts";
import { anyText, data } from "./fuzz_messages.ts";

const bytes = (length: number, value = 0x2a) => new Uint8Array(length).fill(value);

/** A bundle filled with these messages, which must fit. */
function filled(...messages: Message[]): Bundle {
  const bundle = new Bundle();
  for (const message of messages) assertEquals(bundle.add(message), true, `no room for ${message.length}`);
  return bundle;
}

/** The message that is sent for these messages, in a buffer of its own. */
function written(...messages: Message[]): Message {
  const bundle = filled(...messages);
  const { message } = bundle;
  const copy = typeof message === "string" ? message : message.slice();
  bundle.release();
  return copy;
}

/** Asserts that `tooLong` does not fit behind `messages`, and that the failed attempt leaves the bundle unchanged. */
function leavesAsBefore(messages: Message[], tooLong: Message): void {
  const before = written(...messages);
  const bundle = filled(...messages);
  assertEquals(bundle.add(tooLong), false, `${tooLong.length} behind ${messages.length}`);
  assertEquals(bundle.message, before);
  bundle.release();
}

// Writing.

test("Bundle leaves a text that is alone as it is", () => {
  for (const text of ["take", "reset 1 é", "x".repeat(MAX_CONTROL_BYTES)]) assertEquals(written(text), text);
});

test("Bundle writes two bytes before each message, the highest bit for a text and fifteen for the length", () => {
  assertEquals(written(bytes(1)), Uint8Array.of(0x00, 0x01, 0x2a));
  assertEquals(written("ok", "no"), Uint8Array.of(0x80, 0x02, 0x6f, 0x6b, 0x80, 0x02, 0x6e, 0x6f));
  const long = written("ok", bytes(0x1234)) as Uint8Array;
  assertEquals([long.slice(4, 7), long.length], [Uint8Array.of(0x12, 0x34, 0x2a), 4 + 2 + 0x1234]);
  assertEquals(written("é", bytes(1)), Uint8Array.of(0x80, 0x02, 0xc3, 0xa9, 0x00, 0x01, 0x2a));
});

test("Bundle holds messages in their order, whichever comes first", () => {
  const lists: Message[][] = [
    ["take", bytes(3), "fin"],
    [bytes(3), "fin", "idle"],
    [bytes(1, 1), bytes(2, 2), bytes(3, 3)],
    ["ok", `reset 1 ${"€".repeat(1_000)}`, "stop 1 😀", bytes(1)],
  ];
  for (const messages of lists) assertEquals(written(...messages), bundleOf(...messages));
});

test("Bundle copies what it is given", () => {
  const mine = bytes(2);
  const bundle = filled(mine);
  mine.fill(0);
  assertEquals(bundle.message, bundleOf(bytes(2)));
  bundle.release();
});

test("Bundle takes messages up to 16,383 bytes with their headers, and refuses what is longer by a byte", () => {
  const cases: [Message[], Message, Message][] = [
    [[], bytes(MAX_BUNDLED_BYTES), bytes(MAX_BUNDLED_BYTES + 1)],
    [["take"], bytes(MAX_BUNDLED_BYTES - 6), bytes(MAX_BUNDLED_BYTES - 5)],
    [[bytes(MAX_BUNDLED_BYTES - 5)], "fin", "idle"],
    [[bytes(MAX_BUNDLED_BYTES - 5)], "xé", "xxé"],
    [[bytes(MAX_BUNDLED_BYTES - 5)], "€", "€x"],
    [[bytes(MAX_BUNDLED_BYTES - 5)], "€", "x€"],
    [[bytes(MAX_BUNDLED_BYTES - 6)], "😀", "€€"],
    [[bytes(MAX_BUNDLED_BYTES - 3)], bytes(1), bytes(2)],
  ];
  for (const [before, fits, isTooLong] of cases) {
    const full = written(...before, fits);
    assertEquals([full.length, full], [MAX_BUNDLE_BYTES, bundleOf(...before, fits)]);
    const bundle = filled(...before);
    assertEquals(bundle.add(isTooLong), false, `${isTooLong.length} behind ${before.length}`);
    bundle.release();
  }
});

test("Bundle takes nothing when it is full to the last byte or to less than a header", () => {
  for (const left of [0, 1, 2]) {
    const full = bytes(MAX_BUNDLED_BYTES - left);
    for (const message of ["x", "é", bytes(1), bytes(20_000)]) leavesAsBefore([full], message);
  }
});

test("Bundle leaves as it was before a message for which there was no room", () => {
  const lists: Message[][] = [["take"], ["take", "fin"], [bytes(5)], ["é", bytes(5)]];
  for (const messages of lists) {
    const tooLong = [bytes(MAX_BUNDLE_BYTES), "x".repeat(MAX_BUNDLE_BYTES), "€".repeat(6_000)];
    for (const message of tooLong) leavesAsBefore(messages, message);
  }
});

test("Bundle gives its memory back, and the next one takes it", () => {
  const first = filled("take", bytes(3));
  const memory = (first.message as Uint8Array).buffer;
  const second = filled(bytes(3));
  assertNotStrictEquals((second.message as Uint8Array).buffer, memory, "it is in use");
  second.release();
  first.release();
  const third = filled(bytes(4));
  assertStrictEquals((third.message as Uint8Array).buffer, memory);
  assertEquals(third.message, bundleOf(bytes(4)));
  third.release();
  third.release();
  const [one, other] = [withRoom(undefined, 0, 1), withRoom(undefined, 0, 1)];
  assertNotStrictEquals(one, other, "it was given back once");
  for (const buffer of [other, one]) returnBuffer(buffer);
});

test("Bundle needs no memory for a text that is alone", () => {
  const free = withRoom(undefined, 0, 1);
  returnBuffer(free);
  const bundle = filled("take");
  const stillFree = withRoom(undefined, 0, 1);
  bundle.release();
  assertStrictEquals(stillFree, free);
  returnBuffer(free);
});

// Reading.

test("readBundle() tells the messages one by one and in order", () => {
  const messages = ["take", bytes(1, 1), bytes(300, 2), "reset 1 €😀", "\ufeffx", bytes(1, 0x80), "fin"];
  assertEquals(readBundle(bundleOf(...messages)), messages);
});

test("readBundle() tells texts of 4,096 bytes and texts at the bounds of the ways to read them", () => {
  for (const length of [1, 63, 64, 65, 4_096]) {
    const texts = ["x".repeat(length), "é".repeat(length / 2) + "x".repeat(length % 2)];
    assertEquals(readBundle(bundleOf(...texts)), texts, `${length}`);
  }
});

test("readBundle() tells data in memory of its own", () => {
  const bundle = bundleOf(bytes(2), "fin", bytes(3));
  const [first, , second] = readBundle(bundle) as Uint8Array[];
  bundle.fill(0);
  first.fill(1);
  assertEquals([second, first.byteOffset, second.byteOffset], [bytes(3), 0, 0]);
  assertEquals([first.buffer.byteLength, second.buffer.byteLength], [2, 3]);
  const equal = readBundle(bundleOf(bytes(1), bytes(1))) as Uint8Array[];
  assertEquals(equal.map(({ buffer }) => buffer.byteLength), [1, 1], "neither is most of it");
});

test("readBundle() leaves data where it is that is more than half of a bundle, with its header", () => {
  const parts = (length: number) => readBundle(bundleOf(bytes(1), bytes(length), "fin")) as Uint8Array<ArrayBuffer>[];
  const [small, large, fin] = parts(7);
  assertEquals([small.buffer.byteLength, large.buffer.byteLength, large.byteOffset], [1, 3 + 9 + 5, 5]);
  large.buffer.transfer(); // as a ReadableByteStreamController does
  assertEquals<unknown>([small, fin], [bytes(1), "fin"]);
  assertEquals(parts(6)[1].buffer.byteLength, 6);
  const [alone] = readBundle(bundleOf(bytes(1))) as Uint8Array[];
  assertEquals(alone.buffer.byteLength, 3, "a byte alone");
});

test("readBundle() reads from where the bytes begin in their memory", () => {
  const memory = new Uint8Array([9, 9, ...bundleOf("ok", bytes(2)), 9]);
  assertEquals(readBundle(memory.subarray(2, -1)), ["ok", bytes(2)]);
});

test("readBundle() finds no message in no bytes", () => {
  assertEquals(readBundle(new Uint8Array()), []);
});

const malformed: [string, number[]][] = [
  ["half a header", [0x80]],
  ["half a header of data", [0x00]],
  ["a text without its bytes", [0x80, 0x02]],
  ["a text cut short", [0x80, 0x02, 0x6f]],
  ["data without its bytes", [0x00, 0x01]],
  ["data cut short", [0x00, 0x03, 1, 2]],
  ["a length beyond all bundles", [0x7f, 0xff, 1]],
  ["an empty text", [0x80, 0x00]],
  ["an empty text before another", [0x80, 0x00, 0x80, 0x01, 0x78]],
  ["empty data", [0x00, 0x00]],
  ["empty data before other", [0x00, 0x00, 0x00, 0x01, 0x01]],
  ["a byte that is no UTF-8", [0x80, 0x02, 0x78, 0xff]],
  ["UTF-8 cut short", [0x80, 0x01, 0xc3]],
  ["a lone surrogate", [0x80, 0x03, 0xed, 0xa0, 0x80]],
  ["a longer form of an ASCII letter", [0x80, 0x02, 0xc1, 0xa1]],
  ["a long text that is no UTF-8", [0x80, 0x46, ...bytes(69), 0x80]],
];
test("readBundle() tells what comes before a message that is none, and nothing there", () => {
  for (const [what, rest] of malformed) {
    assertEquals(readBundle(Uint8Array.from(rest)), [undefined], what);
    assertEquals(
      readBundle(Uint8Array.from([...bundleOf("ok", bytes(2)), ...rest])),
      ["ok", bytes(2), undefined],
      what,
    );
  }
});

test("readBundle() reads what Bundle has written, whatever the messages are", () => {
  const text = anyText(200).filter((text) => text.length > 0);
  const message: fc.Arbitrary<Message> = fc.oneof(
    text,
    text.map((text) => text.repeat(4_096).slice(0, 1_300).toWellFormed()),
    data(100),
    data(MAX_BUNDLED_BYTES),
  );
  const property = fc.property(fc.array(message, { minLength: 1 }), (messages) => {
    const received: (Message | undefined)[] = [];
    for (let bundle = new Bundle(), left = messages.slice(); left.length > 0;) {
      while (left.length > 0 && bundle.add(left[0])) left = left.slice(1);
      const { message } = bundle;
      received.push(...(typeof message === "string" ? [message] : readBundle(message.slice())));
      bundle.release();
      bundle = new Bundle();
    }
    assertEquals(received, messages);
  });
  fc.assert(property, { seed: 1, numRuns: 500 });
});

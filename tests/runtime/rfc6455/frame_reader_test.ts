import { assert, assertEquals } from "@std/assert";
import fc from "fast-check";
import process from "node:process";
import { FrameReader } from "../../../src/runtime/rfc6455/frame_reader.ts";
import type { Message } from "../../../src/runtime/socket.ts";
import { test } from "../../harness.ts";
import { closePayload, concat, encodeFrame, Opcode } from "../../websocket_frames.ts";

const LIMIT = 1_000_000;

type Told = { message: Message } | { ping: Uint8Array } | { code: number; reason: string } | { violation: number };

/** What a reader reports for bytes that arrive in these chunks. */
function told(chunks: Iterable<Uint8Array<ArrayBuffer>>, limit = LIMIT): Told[] {
  const told: Told[] = [];
  const reader = new FrameReader({
    onMessage: (message) => void told.push({ message }),
    onPing: (payload) => void told.push({ ping: new Uint8Array(payload) }),
    onClosing: (closing) => void told.push(closing),
    onViolation: (violation) => void told.push({ violation }),
  }, limit);
  for (const given of chunks) {
    const chunk = given.slice();
    reader.read(chunk);
    chunk.fill(0xff); // the caller reuses its memory
  }
  return told;
}

/** A server's frame. */
function frame(opcode: number, payload: Uint8Array | string = "", isFinal = true, isMasked = false) {
  return Uint8Array.from(encodeFrame({ opcode, payload: bytesOf(payload), isFinal, isMasked }));
}

function bytesOf(payload: Uint8Array | string): Uint8Array<ArrayBuffer> {
  return typeof payload === "string" ? new TextEncoder().encode(payload) : Uint8Array.from(payload);
}

test("FrameReader takes 512 control and empty frames in a chunk, and no more", () => {
  for (const idle of [frame(Opcode.ping, "x"), frame(Opcode.pong, "x"), frame(Opcode.binary)]) {
    const full = concat(...Array<Uint8Array>(512).fill(idle));
    const last = frame(Opcode.binary, "data");
    assertEquals(told([concat(full, last), concat(full, last)]).filter((one) => "violation" in one), []);
    assertEquals(told([concat(full, idle, last)]).at(-1), { violation: 1008 });
  }
});

function* singleBytes(bytes: Uint8Array<ArrayBuffer>) {
  for (let at = 0; at < bytes.length; at++) yield bytes.slice(at, at + 1);
}

// Valid input.

for (const byteLength of [0, 1, 125, 126, 65_535, 65_536, 65_537, 200_000, LIMIT]) {
  test(`FrameReader reads a message of ${byteLength} bytes, in one chunk or in many, as memory of its own`, () => {
    const message = Uint8Array.from({ length: byteLength }, (_, index) => index % 251);
    const bytes = frame(Opcode.binary, message);
    const cut = [3, 5, 70_000, 150_000].filter((at) => at < bytes.length);
    const chunks = [0, ...cut].map((at, index) => bytes.slice(at, cut[index]));
    for (const way of [[bytes], chunks]) {
      const [read] = told(way);
      assertEquals(read, { message });
      assertEquals((read as { message: Uint8Array }).message.buffer.byteLength, byteLength);
    }
  });
}

test("FrameReader reads frames that come byte by byte, a control frame between two of one message", () => {
  const bytes = concat(
    frame(Opcode.text, "grü"),
    frame(Opcode.binary, "one, ", false),
    frame(Opcode.ping, "there?"),
    frame(Opcode.continuation, "", false),
    frame(Opcode.pong, "here"),
    frame(Opcode.continuation, "two"),
    frame(Opcode.text, ""),
    frame(Opcode.close, closePayload(1000, "bye")),
  );
  const expected: Told[] = [
    { message: "grü" },
    { ping: bytesOf("there?") },
    { message: bytesOf("one, two") },
    { message: "" },
    { code: 1000, reason: "bye" },
  ];
  assertEquals(told([bytes]), expected);
  assertEquals(told(singleBytes(bytes)), expected);
});

test("FrameReader reads text whose characters are cut by frames, with a byte order mark and replacement characters", () => {
  const text = "\ufeffgrüß \ufffd 😀";
  const bytes = bytesOf(text);
  const frames = Array.from(bytes, (_, at) => frame(at === 0 ? Opcode.text : 0, bytes.subarray(at, at + 1), false));
  assertEquals(told([concat(...frames, frame(0))]), [{ message: text }]);
  assertEquals(told([frame(Opcode.text, text)]), [{ message: text }]);
});

test("FrameReader keeps a message of a great many pieces in little more memory than they have", () => {
  const count = LIMIT - 1;
  const pieces = new Uint8Array(3 * count);
  for (let at = 0; at < count; at++) pieces.set([at === 0 ? Opcode.binary : 0, 1, 0x78], 3 * at);
  const before = process.memoryUsage().rss;
  const [read] = told([pieces, frame(0, "y")]);
  assert(process.memoryUsage().rss - before < 50e6);
  assertEquals(new TextDecoder().decode((read as { message: Uint8Array }).message), "x".repeat(count) + "y");
});

for (const [kind, opcode] of [["ping", Opcode.ping], ["close frame", Opcode.close]] as const) {
  test(`FrameReader takes a ${kind} within a message that leaves no room for more`, () => {
    const payload = opcode === Opcode.close ? closePayload(1000) : bytesOf("there?");
    const bytes = concat(frame(Opcode.binary, new Uint8Array(LIMIT), false), frame(opcode, payload));
    assertEquals(told([bytes]), [opcode === Opcode.close ? { code: 1000, reason: "" } : { ping: payload }]);
  });
}

test("FrameReader reads nothing behind a close frame", () => {
  const bytes = concat(frame(Opcode.close), frame(Opcode.binary, "late"), Uint8Array.of(0xff, 0xff));
  assertEquals(told([bytes, frame(Opcode.ping)]), [{ code: 1005, reason: "" }]);
});

for (const code of [1000, 1003, 1007, 1014, 3000, 4999]) {
  test(`FrameReader takes the close code ${code}`, () => {
    assertEquals(told([frame(Opcode.close, closePayload(code, "why"))]), [{ code, reason: "why" }]);
  });
}

// Invalid input (RFC 6455 sections 5 and 7.4).

const notUtf8 = Uint8Array.of(0x61, 0xc3, 0x28);
const wrong: Record<string, [bytes: Uint8Array<ArrayBuffer>, code: number]> = {
  "the bit RSV1": [Uint8Array.of(0xc2, 0), 1002],
  "the bit RSV2": [Uint8Array.of(0xa2, 0), 1002],
  "the bit RSV3": [Uint8Array.of(0x92, 0), 1002],
  "an unknown kind of data": [frame(0x3), 1002],
  "an unknown kind of control frame": [frame(0xb), 1002],
  "a mask": [frame(Opcode.binary, "x", true, true), 1002],
  "a continuation of nothing": [frame(Opcode.continuation, "x"), 1002],
  "a message within a message": [concat(frame(Opcode.binary, "x", false), frame(Opcode.text, "y")), 1002],
  "a ping in pieces": [frame(Opcode.ping, "x", false), 1002],
  "a ping of 126 bytes": [frame(Opcode.ping, new Uint8Array(126)), 1002],
  "a close frame of one byte": [frame(Opcode.close, Uint8Array.of(3_072 >> 8)), 1002],
  ...Object.fromEntries([0, 999, 1004, 1005, 1006, 1015, 2999, 5000].map((code) => [
    `the close code ${code}`,
    [frame(Opcode.close, closePayload(code)), 1002],
  ])),
  "a reason that is not UTF-8": [frame(Opcode.close, concat(Uint8Array.of(0x03, 0xe8), notUtf8)), 1007],
  "text that is not UTF-8": [frame(Opcode.text, notUtf8), 1007],
  "text in pieces that is not UTF-8": [concat(frame(Opcode.text, notUtf8, false), frame(0)), 1007],
  "a message beyond the limit": [frame(Opcode.binary, new Uint8Array(LIMIT + 1)).slice(0, 20), 1009],
  "a message in pieces beyond the limit": [
    concat(frame(Opcode.binary, new Uint8Array(LIMIT), false), frame(0, "x").slice(0, 2)),
    1009,
  ],
  "a message of 2⁶³ bytes": [Uint8Array.of(0x82, 127, 0x80, 0, 0, 0, 0, 0, 0, 0), 1009],
};

for (const [what, [bytes, code]] of Object.entries(wrong)) {
  test(`FrameReader refuses ${what} with ${code}, and reads nothing more`, () => {
    const all = concat(frame(Opcode.binary, "before"), bytes, frame(Opcode.binary, "after"));
    const expected: Told[] = [{ message: bytesOf("before") }, { violation: code }];
    assertEquals(told([all]), expected);
    if (all.length < 1_000) assertEquals(told(singleBytes(all)), expected);
  });
}

// Arbitrary input.

const payload = fc.oneof(
  fc.uint8Array({ maxLength: 300 }),
  fc.constantFrom(70_000, 131_072).map((n) => new Uint8Array(n)),
);
const aControl = fc.oneof(
  fc.uint8Array({ maxLength: 125 }).map((ping) => ({ bytes: frame(Opcode.ping, ping), told: [{ ping }] })),
  fc.uint8Array({ maxLength: 125 }).map((pong) => ({ bytes: frame(Opcode.pong, pong), told: [] })),
);
const aMessage = fc.record({
  text: fc.boolean(),
  parts: fc.array(payload, { minLength: 1, maxLength: 4 }),
  between: fc.array(aControl, { minLength: 4, maxLength: 4 }),
}).map(({ text, parts, between }) => {
  const ascii = parts.map((part) => text ? part.map((byte) => byte & 0x7f) : part);
  const whole = concat(...ascii);
  const frames = ascii.map((part, at) =>
    frame(at > 0 ? 0 : text ? Opcode.text : Opcode.binary, part, at === parts.length - 1)
  );
  return {
    bytes: concat(...frames.flatMap((bytes, at) => at === 0 ? [bytes] : [between[at].bytes, bytes])),
    told: [
      ...between.slice(1, parts.length).flatMap(({ told }) => told),
      { message: text ? new TextDecoder().decode(whole) : whole },
    ],
  };
});

test("FrameReader tells the same of whatever is right, wherever it is cut", () => {
  fc.assert(fc.property(
    fc.array(fc.oneof(aMessage, aControl), { maxLength: 6 }),
    fc.array(fc.nat(), { maxLength: 12 }),
    (items, places) => {
      const bytes = concat(...items.map(({ bytes }) => bytes));
      const cuts = [0, ...places.map((place) => place % (bytes.length + 1)).sort((a, b) => a - b), bytes.length];
      const chunks = cuts.slice(1).map((end, index) => bytes.slice(cuts[index], end));
      assertEquals(told(chunks), items.flatMap<Told>(({ told }) => told));
    },
  ));
});

test("FrameReader throws at nothing, and tells one end at most", () => {
  fc.assert(
    fc.property(fc.array(fc.uint8Array({ minLength: 1, maxLength: 20 }), { maxLength: 20 }), (chunks) => {
      const ends = told(chunks.map((chunk) => Uint8Array.from(chunk)), 5_000).map((told, index, all) =>
        "code" in told || "violation" in told ? all.length - index : 0
      );
      assert(ends.every((left) => left <= 1), "nothing is told behind the end");
    }),
    { numRuns: 2_000 },
  );
});

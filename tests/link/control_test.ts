import { assert, assertEquals } from "@std/assert";
import {
  type Control,
  decodeMetadata,
  encodeMetadata,
  formatEnd,
  formatOpen,
  MAX_CONTROL_BYTES,
  MAX_METADATA_BYTES,
  parseControl,
} from "../../src/link/control.ts";
import { test } from "../harness.ts";

const largest = 9_007_199_254_740_991; // 2^53 - 1
const countedVerbs = ["credit", "want", "ping", "pong"] as const;
const endVerbs = ["reset", "stop"] as const;

test("parseControl() reads the verbs that stand alone", () => {
  for (const verb of ["take", "ok", "no", "fin"] as const) assertEquals(parseControl(verb), { verb });
});

test("parseControl() reads counts from 0 to 2^53 - 1", () => {
  for (const verb of countedVerbs) {
    for (const count of [0, 1, 9, 10, 65_536, largest]) assertEquals(parseControl(`${verb} ${count}`), { verb, count });
  }
});

test("parseControl() takes no other form of a count", () => {
  const counts = [
    ...["", " ", " 1", "1 ", "01", "00", "-0", "-1", "+1", "1.0", "1.5", "1e3", "0x10", "1n", "1_000", "1,000"],
    ...["NaN", "Infinity", "ten", "1 2", "1\n", "\u0661", "\uff11"],
    ...["9007199254740992", "9999999999999999", "10000000000000000", "1".repeat(400)],
  ];
  for (const verb of countedVerbs) {
    for (const count of counts) assertEquals(parseControl(`${verb} ${count}`), undefined, `${verb} ${count}`);
    assertEquals(parseControl(verb), undefined);
  }
});

test("parseControl() reads codes from 0 to 3, with any reason and without one", () => {
  const reasons = [
    "why",
    "two words",
    " leading",
    "trailing ",
    "double  space",
    "line\nbreak\r\n",
    "\0",
    "é€😀",
    "0",
    "{}",
  ];
  for (const verb of endVerbs) {
    for (const code of [0, 1, 2, 3]) {
      assertEquals(parseControl(`${verb} ${code}`), { verb, code, reason: "" });
      for (const reason of reasons) assertEquals(parseControl(`${verb} ${code} ${reason}`), { verb, code, reason });
    }
  }
});

test("parseControl() takes no other form of a code", () => {
  for (const verb of endVerbs) {
    for (const code of ["", " ", " 1", "4", "10", "00", "01", "-1", "+1", "1.0", "x", "1why", "1\nwhy", "1\twhy"]) {
      assertEquals(parseControl(`${verb} ${code}`), undefined, `${verb} ${code}`);
    }
    assertEquals(parseControl(verb), undefined);
  }
});

test("parseControl() reads idle with the next id and without", () => {
  assertEquals(parseControl("idle"), { verb: "idle", id: undefined });
  for (const id of ["00000000", "a1b2c3d4", "ffffffff"]) assertEquals(parseControl(`idle ${id}`), { verb: "idle", id });
  for (const id of ["", "0", "0000000", "000000000", "A1B2C3D4", "g0000000", " 0000000", "00000000 ", "00000000\n"]) {
    assertEquals(parseControl(`idle ${id}`), undefined, `idle ${id}`);
  }
});

test("parseControl() reads open with up to 2,048 bytes of metadata", () => {
  assertEquals(parseControl("open"), { verb: "open", metadata: "" });
  for (const length of [1, 2, 3, 4, 255, 256, MAX_METADATA_BYTES - 1, MAX_METADATA_BYTES]) {
    const bytes = Uint8Array.from({ length }, (_, at) => at * 7);
    const metadata = encodeMetadata(bytes);
    assertEquals(parseControl(formatOpen(metadata)), { verb: "open", metadata }, `${length} bytes`);
    assertEquals(decodeMetadata(metadata), bytes, `${length} bytes`);
  }
  for (const length of [MAX_METADATA_BYTES + 1, MAX_METADATA_BYTES + 2, 3_000]) {
    assertEquals(parseControl(formatOpen(encodeMetadata(new Uint8Array(length)))), undefined, `${length} bytes`);
  }
});

test("parseControl() takes metadata as base64url without padding alone", () => {
  assertEquals(parseControl("open -_8"), { verb: "open", metadata: "-_8" });
  assertEquals(decodeMetadata("-_8"), Uint8Array.of(0xfb, 0xff));
  for (
    const text of ["", " ", "+/8", "AQI=", "AQ==", "A", "AQIDB", "AQ ID", "AQ\nID", " AQID", "AQID ", "é", "AQID AQID"]
  ) {
    assertEquals(parseControl(`open ${text}`), undefined, `open ${text}`);
  }
});

test("parseControl() takes nothing else", () => {
  const texts = [
    ...[
      "",
      " ",
      "\n",
      "hello",
      "Take",
      "TAKE",
      " take",
      "take ",
      "take\n",
      "take 1",
      "ok ",
      "ok 0",
      "no thanks",
      "fin 1",
    ],
    ...[
      "take\0",
      "\ufefftake",
      "tаke",
      "close",
      "close 1000",
      "bye",
      "take take",
      "ping\t1",
      "ping  1",
      "toString",
      "null",
    ],
    ...['{"npws":2,"id":"a1b2c3d4","window":262144,"pool":"0011223344556677"}', "constructor", "__proto__", "[]"],
  ];
  for (const text of texts) assertEquals(parseControl(text), undefined, JSON.stringify(text));
});

test("parseControl() takes 4,096 bytes of UTF-8 and no more, whatever the characters", () => {
  const cases: [character: string, bytes: number][] = [["x", 1], ["é", 2], ["€", 3], ["😀", 4]];
  for (const [character, bytes] of cases) {
    const room = MAX_CONTROL_BYTES - "reset 1 ".length;
    const fits = character.repeat(Math.floor(room / bytes)) + "x".repeat(room % bytes);
    assertEquals(parseControl(`reset 1 ${fits}`), { verb: "reset", code: 1, reason: fits }, character);
    assertEquals(parseControl(`reset 1 ${fits}x`), undefined, character);
  }
});

test("encodeMetadata() writes the bytes, whatever the array is", () => {
  class Hexadecimal extends Uint8Array<ArrayBuffer> {
    override toBase64(): string {
      return this.toHex();
    }
  }
  assertEquals(encodeMetadata(new Hexadecimal(Uint8Array.of(0xfb, 0xff).buffer)), "-_8");
});

test("formatOpen() writes no metadata where there is none", () => {
  assertEquals(formatOpen(encodeMetadata(new Uint8Array())), "open");
  assertEquals(formatOpen(encodeMetadata(Uint8Array.of(0xfb, 0xff))), "open -_8");
});

test("formatEnd() writes what parseControl() reads back", () => {
  const reasons = ["", "why", "two  words ", " leading", "line\nbreak", "\0", "é€😀", "x".repeat(1_024)];
  for (const verb of endVerbs) {
    for (const code of [0, 1, 2, 3]) {
      for (const reason of reasons) {
        const control: Control = { verb, code, reason };
        assertEquals(parseControl(formatEnd(verb, code, reason)), control);
      }
    }
  }
  assertEquals(formatEnd("reset", 0, ""), "reset 0");
});

test("formatEnd() cuts a long reason to what fits whatever its characters are", () => {
  for (const character of ["x", "é", "€", "😀"]) {
    const control = parseControl(formatEnd("stop", 3, character.repeat(5_000)));
    assert(control?.verb === "stop", character);
    assertEquals(control.reason.length, 1_024);
    assert(control.reason.endsWith("…"), character);
  }
  // The cut would split a surrogate pair, and a lone surrogate has no UTF-8 encoding.
  const odd = parseControl(formatEnd("stop", 3, `x${"😀".repeat(5_000)}`));
  assert(odd?.verb === "stop" && odd.reason.isWellFormed());
});

test("formatEnd() writes no lone surrogate", () => {
  assertEquals(formatEnd("reset", 1, "a\ud800b\udc00"), "reset 1 a\ufffdb\ufffd");
});

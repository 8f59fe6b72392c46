import { assertEquals } from "@std/assert";
import { test } from "../harness.ts";
import { concat } from "../websocket_frames.ts";
import { Numbered } from "./numbered.ts";

const numbered = new Numbered("a stream");

/** The bytes from a position on. */
function from(offset: number, length: number): Uint8Array<ArrayBuffer> {
  const pieces: Uint8Array[] = [];
  for (let at = 0; at < length; at += 60_000) pieces.push(numbered.at(offset + at, Math.min(60_000, length - at)));
  return concat(...pieces);
}

test("Numbered.firstWrong() finds nothing in what was cut in any way, beyond the period too", () => {
  const whole = from(0, 3_000_000);
  for (const size of [1_000, 65_536, 1_048_573, 3_000_000]) {
    for (let at = 0; at < whole.length; at += size) {
      assertEquals(numbered.firstWrong(at, whole.subarray(at, at + size)), undefined);
    }
  }
});

test("Numbered.firstWrong() finds bytes that were lost, doubled, swapped, changed or are another stream's", () => {
  const [one, two] = [from(0, 1_000), from(1_000, 1_000)];
  assertEquals(numbered.firstWrong(0, concat(one, two)), undefined);
  const changed = concat(one, two);
  changed[1_500] ^= 1;
  const wrong = [
    two, // lost
    concat(one, one, two), // duplicated
    concat(two, one), // swapped
    changed,
    concat(one, new Numbered("another stream").at(1_000, 1_000)),
    concat(one, new Numbered("another stream").at(0, 1_000)),
  ];
  // Bytes at two positions may be equal by chance, so the exact start of the mismatch is not reported.
  const found = wrong.map((bytes) => Math.floor(numbered.firstWrong(0, bytes)! / 500) * 500);
  assertEquals(found, [0, 1_000, 0, 1_500, 1_000, 1_000]);
});

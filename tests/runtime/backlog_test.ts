import { assertEquals } from "@std/assert";
import { Backlog } from "../../src/runtime/backlog.ts";
import { test } from "../harness.ts";

const KIB = 1_024;

test("Backlog counts half a KiB for each message that waits, beside its bytes", () => {
  const backlog = new Backlog();
  for (let count = 0; count < 100; count++) {
    backlog.add("pong 0");
    backlog.weight(6 * (count + 1));
  }
  assertEquals(backlog.weight(600), 600 + 100 * KIB / 2);
});

test("Backlog counts nothing when nothing waits", () => {
  const backlog = new Backlog();
  backlog.add(new Uint8Array(10));
  assertEquals(backlog.weight(0), 0);
  backlog.add(new Uint8Array(10));
  assertEquals(backlog.weight(10), 10 + KIB / 2);
});

test("Backlog of a socket that is never empty forgets the messages that have left", () => {
  const backlog = new Backlog();
  for (let count = 0; count < 10_000; count++) {
    backlog.add(new Uint8Array(1_000));
    const waiting = Math.min(count + 1, 10) * 1_000; // ten wait at a time
    const weight = backlog.weight(waiting);
    const heaviest = waiting + 20 * KIB / 2;
    if (weight > heaviest) throw new Error(`${weight} after ${count + 1} messages`);
  }
});

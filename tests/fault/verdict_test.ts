import { assertEquals } from "@std/assert";
import { test } from "../harness.ts";
import type { Half, Outcome, Side } from "./transfer.ts";
import { problemsOf } from "./verdict.ts";

const clean = (bytes: number): Half => ({ bytes, end: "clean" });
const lost = (bytes: number): Half => ({ bytes, end: "broken", error: "ConnectionLostError: Cannot use connection" });

function outcome(side: Side, sent: Half, received: Half, more: Partial<Outcome> = {}): Outcome {
  return { plan: { name: "a", opener: 10, acceptor: 20 }, side, sent, received, ...more };
}

const rows: [claim: string, outcomes: Outcome[], problems: string[]][] = [
  [
    "nothing in two clean ends",
    [outcome("opener", clean(10), clean(20)), outcome("acceptor", clean(20), clean(10))],
    [],
  ],
  ["nothing where the other end is unknown", [outcome("opener", clean(10), clean(20))], []],
  ["nothing in what was lost", [outcome("opener", clean(10), lost(7)), outcome("acceptor", lost(20), lost(9))], []],
  ["nothing in an open that was delivered twice, once to be reset", [
    outcome("opener", clean(10), clean(20)),
    outcome("acceptor", lost(20), lost(0)),
    outcome("acceptor", clean(20), clean(10)),
  ], []],
  ["what an end found wrong", [outcome("opener", clean(10), lost(1), { wrong: "byte 0" })], ["byte 0"]],
  [
    "an error that is no loss",
    [outcome("opener", { bytes: 1, end: "broken", error: "ProtocolError: x" }, clean(20))],
    ["stream a broke at its opener: ProtocolError: x"],
  ],
  [
    "a direction that looks complete with fewer bytes than its sender sent",
    [outcome("opener", clean(12), clean(20)), outcome("acceptor", clean(20), clean(10))],
    ["10 of 12 bytes of stream a look complete"],
  ],
  [
    "a direction that looks complete, and was given up",
    [outcome("opener", clean(10), clean(20)), outcome("acceptor", { bytes: 20, end: "given up" }, clean(10))],
    ["stream a looks complete, and was given up"],
  ],
  [
    "bytes that reached two acceptors",
    [outcome("acceptor", lost(0), lost(1)), outcome("acceptor", lost(0), lost(2))],
    ["stream a has 2 acceptors that received something"],
  ],
  [
    "two openers of one stream",
    [outcome("opener", lost(0), lost(0)), outcome("opener", lost(0), lost(0))],
    ["stream a has 2 openers"],
  ],
];

for (const [claim, outcomes, problems] of rows) {
  test(`problemsOf() finds ${claim}`, () => assertEquals(problemsOf(outcomes), problems));
}

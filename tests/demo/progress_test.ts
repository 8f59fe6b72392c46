import { assertEquals } from "@std/assert";
import { LiveLines } from "../../examples/demo/live_lines.ts";
import { PlainLines } from "../../examples/demo/plain_lines.ts";
import type { TransferState } from "../../examples/demo/progress.ts";
import { test } from "../harness.ts";

/** An output that records what is written. */
class Written {
  text = "";
  readonly columns: number;
  readonly rows: number;

  constructor(columns = 100, rows = 24) {
    this.columns = columns;
    this.rows = rows;
  }

  write(text: string): void {
    this.text += text;
  }

  /** What was written since the last call, without colors. */
  take(): string {
    // deno-lint-ignore no-control-regex -- the escape character is what it looks for
    const text = this.text.replaceAll(/\x1b\[\d+m/g, "");
    this.text = "";
    return text;
  }
}

type MutableState = { -readonly [Name in keyof TransferState]: TransferState[Name] };

function state(changes: Partial<TransferState> = {}): MutableState {
  const id = "0a1b2c3d";
  return {
    number: 1,
    id,
    totalBytes: 4e6,
    sentBytes: 0,
    returnedBytes: 0,
    elapsedMs: 0,
    isVerified: false,
    ...changes,
  };
}

const half = { sentBytes: 3e6, returnedBytes: 2e6, elapsedMs: 20 };
const whole = { sentBytes: 4e6, returnedBytes: 4e6, elapsedMs: 40 };

test("LiveLines draws each transfer in its own line, and again in the same place", () => {
  const output = new Written(80);
  const transfer = state({ id: undefined });
  const lines = new LiveLines([transfer], output);
  lines.update();
  assertEquals(output.take(), `\r1 -------- ${"─".repeat(36)}   0 %  waiting                 \x1b[K\n`);
  Object.assign(transfer, { id: "0a1b2c3d" }, half);
  lines.update();
  const bar = "━".repeat(18) + "─".repeat(18);
  assertEquals(output.take(), `\x1b[1A\r1 0a1b2c3d ${bar}  50 %  ↑  150 MB/s  ↓  100 MB/s\x1b[K\n`);
  Object.assign(transfer, whole, { isVerified: true });
  lines.update();
  assertEquals(output.take(), `\x1b[1A\r1 0a1b2c3d ${"━".repeat(36)} 100 %  verified in 40 ms       \x1b[K\n`);
});

test("LiveLines never writes a line that the terminal would wrap", () => {
  for (const columns of [20, 45, 60, 80, 200]) {
    const output = new Written(columns);
    new LiveLines([state(half)], output).update();
    const [line] = output.take().slice(1).split("\x1b[K");
    assertEquals(line.length < columns, true, line);
  }
});

test("LiveLines draws no more lines than the terminal has rows", () => {
  const output = new Written(80, 5);
  const lines = new LiveLines(Array.from({ length: 9 }, (_, index) => state({ number: index + 1 })), output);
  lines.update();
  const drawn = output.take().split("\n").slice(0, -1);
  assertEquals(drawn.map((line) => line.slice(1, 3)), ["1 ", "2 ", "3 ", "… "]);
  assertEquals(drawn.at(-1), "\r… and 6 more\x1b[K");
  lines.update();
  assertEquals(output.take().startsWith("\x1b[4A"), true);
});

test("LiveLines takes a terminal that tells no size for one of 80 columns and 24 rows", () => {
  const [unknown, usual] = [new Written(0, 0), new Written(80, 24)];
  for (const output of [unknown, usual]) new LiveLines(Array.from({ length: 30 }, () => state()), output).update();
  assertEquals(unknown.take(), usual.take());
});

test("PlainLines tells of each quarter once, and of the verification", () => {
  const output = new Written();
  const transfer = state({ returnedBytes: 999_999 });
  const lines = new PlainLines([transfer], output);
  lines.update();
  assertEquals(output.take(), "");
  Object.assign(transfer, half);
  lines.update();
  lines.update();
  assertEquals(output.take(), "Connection 1 (0a1b2c3d): 50 % back, 100 MB/s\n");
  Object.assign(transfer, whole);
  lines.update();
  assertEquals(output.take(), "Connection 1 (0a1b2c3d): 100 % back, 100 MB/s\n");
  transfer.isVerified = true;
  lines.update();
  assertEquals(output.take(), "Connection 1 (0a1b2c3d): SHA-256 verified after 40 ms\n");
});

import { assertEquals, assertRejects } from "@std/assert";
import type { PoolConnection } from "@npws/pool";
import { ControlChannel } from "../../examples/tunnel/control_channel.ts";
import { bytes } from "../contract/streams.ts";
import { test } from "../harness.ts";

/** The lines that a channel reads from these chunks. */
function linesOf(...chunks: string[]): Promise<string[]> {
  const readable = ReadableStream.from(chunks.map(bytes));
  const channel = new ControlChannel({ readable, writable: new WritableStream() } as unknown as PoolConnection);
  return Array.fromAsync(channel.lines());
}

test("ControlChannel.lines() reads lines however they come, and nothing of one without its end", async () => {
  assertEquals(await linesOf("a\nb\n", "c", "d\ne", "\n\nf"), ["a", "b", "cd", "e", ""]);
  assertEquals(await linesOf(..."one\ntwo\n"), ["one", "two"]);
});

test("ControlChannel.lines() fails for a line that does not end", async () => {
  await assertRejects(() => linesOf(...Array(3).fill("x".repeat(65_536))), Error, "the line is too long");
});

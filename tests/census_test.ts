import { assert, assertEquals } from "@std/assert";
import { createServer } from "node:net";
import { takeCensus } from "./census.ts";
import { runtimeName, test } from "./harness.ts";

test("takeCensus() counts sockets and timers while they are open", async () => {
  const before = await takeCensus();
  const timer = setTimeout(() => {}, 60_000);
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const during = await takeCensus();
  assertEquals([during.sockets - before.sockets, during.timers - before.timers], [1, 1]);
  clearTimeout(timer);
  await new Promise((resolve) => server.close(resolve));
  const after = await takeCensus();
  assertEquals([after.sockets, after.timers], [before.sockets, before.timers]);
});

test("takeCensus() counts the memory that can be reached, and no other", async () => {
  const before = await takeCensus();
  const held = new Set<object>();
  await fill(held, 100);
  const during = await takeCensus();
  const grown = during.liveBytes - before.liveBytes;
  assert(grown > 9_000_000 && grown < 12_000_000, `${held.size} arrays of 100,000 bytes are seen as ${grown} bytes`);
  if (runtimeName === "bun") assert(during.liveObjects! - before.liveObjects! >= 100, "their owners are not counted");
  held.clear();
  const after = await takeCensus();
  assert(after.liveBytes - before.liveBytes < 1_000_000, `${after.liveBytes - before.liveBytes} bytes are left`);
  if (runtimeName === "bun") assert(after.liveObjects! - before.liveObjects! < 100, "their owners are still counted");
});

/** In a separate turn, because Bun scans the stack conservatively and treats whatever is on it as a reference. */
async function fill(held: Set<object>, count: number): Promise<void> {
  await new Promise((resolve) => setTimeout(resolve));
  for (let made = 0; made < count; made++) held.add({ array: new Uint8Array(100_000).fill(1) });
}

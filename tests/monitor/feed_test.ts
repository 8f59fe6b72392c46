import { assertEquals } from "@std/assert";
import { Feed, type Viewer } from "../../examples/monitor/feed.ts";
import type { Sample } from "../../examples/monitor/sample.ts";
import { test } from "../harness.ts";

/** A viewer that does nothing except what the test examines. */
function viewer(part: Partial<Viewer>): Viewer {
  return { history() {}, sample() {}, end() {}, ...part };
}

test("Feed keeps so many samples for those who come later, the latest ones", async () => {
  let at = 0;
  const feed = new Feed(() => ({ at: ++at, pools: {} }), { intervalMs: 1, historyLength: 3, maxViewers: 2 });
  await new Promise<void>((resolve) => feed.join(viewer({ sample: (sample) => sample.at === 5 && resolve() })));
  let known: readonly Sample[] = [];
  feed.join(viewer({ history: (samples) => known = samples }));
  feed.close();
  assertEquals(known.map(({ at }) => at), [3, 4, 5]);
});

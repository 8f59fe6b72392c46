import { assertEquals } from "@std/assert";
import { eventStream } from "../../examples/monitor/event_stream.ts";
import { Feed, type Viewer } from "../../examples/monitor/feed.ts";
import { test } from "../harness.ts";

/** A feed whose samples the test triggers. */
class FeedByHand extends Feed {
  readonly viewers = new Set<Viewer>();

  constructor() {
    super(() => ({ at: 0, pools: {} }), { intervalMs: 1_000, historyLength: 1, maxViewers: 1 });
  }

  override join(viewer: Viewer): void {
    this.viewers.add(viewer);
    viewer.history([]);
  }

  override leave(viewer: Viewer): void {
    this.viewers.delete(viewer);
  }

  send(at: number): void {
    for (const viewer of this.viewers) viewer.sample({ at, pools: {} });
  }
}

test("eventStream() keeps but a few events for a viewer who does not read, and goes on when he does", async () => {
  const feed = new FeedByHand();
  const reader = eventStream(feed).getReader();
  const nextEvent = async () => new TextDecoder().decode((await reader.read()).value);
  for (let at = 1; at <= 1_000; at++) feed.send(at);
  const kept = [];
  while (kept.length < 8) kept.push(await nextEvent());
  const next = nextEvent();
  feed.send(2_000);
  assertEquals(kept[0], "retry: 1000\nevent: history\ndata: []\n\n");
  assertEquals([kept.at(-1), await next], [7, 2_000].map((at) => `data: {"at":${at},"pools":{}}\n\n`));
  await reader.cancel();
});

test("eventStream() leaves the feed when its reader leaves", async () => {
  const feed = new FeedByHand();
  const stream = eventStream(feed);
  assertEquals(feed.viewers.size, 1);
  await stream.cancel();
  assertEquals(feed.viewers.size, 0);
});

import type { Feed, Viewer } from "./feed.ts";

/** How many events may wait for a slow viewer; beyond that it misses samples, which the next one makes up for. */
const MAX_QUEUED_EVENTS = 8;

/** How long a browser waits before it reconnects, in milliseconds. */
const RETRY_MS = 1_000;

/** The feed as server-sent events: one named "history", then one per sample. It leaves the feed when its reader cancels. */
export function eventStream(feed: Feed): ReadableStream<Uint8Array> {
  const encoder = new TextEncoder();
  let viewer: Viewer;
  return new ReadableStream<Uint8Array>({
    start(controller) {
      const send = (lines: string) => {
        if (controller.desiredSize! > 0) controller.enqueue(encoder.encode(`${lines}\n\n`));
      };
      viewer = {
        history: (samples) => send(`retry: ${RETRY_MS}\nevent: history\ndata: ${JSON.stringify(samples)}`),
        sample: (sample) => send(`data: ${JSON.stringify(sample)}`),
        end: () => controller.close(),
      };
      feed.join(viewer);
    },
    cancel: () => feed.leave(viewer),
  }, new CountQueuingStrategy({ highWaterMark: MAX_QUEUED_EVENTS }));
}

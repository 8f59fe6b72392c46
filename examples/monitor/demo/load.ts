import type { Pool } from "@npws/pool";
import { setTimeout as pause } from "node:timers/promises";

/** How long a call waits before it gives up, in milliseconds. */
const TIMEOUT_MS = 2_000;

/** The period in which the load rises and falls, in milliseconds. */
const WAVE_MS = 40_000;

/** Every now and then, many callers want a connection at the same moment. */
const BURST = { connections: 24, everyMs: 15_000 };

const CHUNK = new Uint8Array(65_536);

/** How many bytes of each chunk are sent back. */
const ANSWERED = 20_000;

/**
 * Opens connections from both sides, sends something over each and has some of it sent back, until the signal aborts. The
 * pools count what fails, and the monitor shows it.
 *
 * @param rate Connections per second, on average.
 */
export async function runLoad(server: Pool, client: Pool, rate: number, signal: AbortSignal): Promise<void> {
  const under = new Set<Promise<void>>();
  const begin = () => {
    const opener = Math.random() < 0.7 ? server : client;
    const ended = exchange(opener, signal).catch(() => {}).finally(() => under.delete(ended));
    under.add(ended);
  };
  await Promise.all([answerAll(server, signal), answerAll(client, signal), arrive(rate, begin, signal)]);
  await Promise.all(under);
}

/** Calls at random moments, more often at the peak of the wave, and in bursts. */
async function arrive(rate: number, call: () => void, signal: AbortSignal): Promise<void> {
  const startedAt = performance.now();
  let bursts = 0;
  while (rate > 0 && !signal.aborted) {
    const elapsedMs = performance.now() - startedAt;
    const wave = 1 + 0.8 * Math.sin(2 * Math.PI * elapsedMs / WAVE_MS);
    await pauseUntil(exponential(1_000 / (rate * wave)), signal);
    const isBurst = elapsedMs >= (bursts + 1) * BURST.everyMs;
    if (isBurst) bursts++;
    for (let calls = isBurst ? BURST.connections : 1; calls > 0; calls--) call();
  }
}

/** Sends some chunks and reads what comes back. */
async function exchange(opener: Pool, signal: AbortSignal): Promise<void> {
  await using connection = await opener.open({ timeoutMs: TIMEOUT_MS, signal });
  const returned = connection.readable.pipeTo(new WritableStream(), { signal });
  returned.catch(() => {}); // awaited below, unless the writing fails first
  const writer = connection.writable.getWriter();
  for (let chunks = Math.ceil(exponential(4)); chunks > 0; chunks--) {
    await writer.write(CHUNK);
    await pauseUntil(exponential(40), signal);
  }
  await writer.close();
  await returned;
}

/** Sends back some of what arrives over the connections that the other side opens. */
async function answerAll(pool: Pool, signal: AbortSignal): Promise<void> {
  for await (const { readable, writable } of pool.accepted({ signal })) {
    const answers = new TransformStream<Uint8Array, Uint8Array>({
      transform: (chunk, controller) => controller.enqueue(chunk.subarray(0, ANSWERED)),
    });
    readable.pipeThrough(answers).pipeTo(writable).catch(() => {});
  }
}

/** Pauses; ends early when the signal aborts. */
export function pauseUntil(ms: number, signal: AbortSignal): Promise<void> {
  return pause(ms, undefined, { signal }).catch(() => {});
}

function exponential(mean: number): number {
  return -mean * Math.log(1 - Math.random());
}

import { readdirSync, readlinkSync } from "node:fs";
import process from "node:process";

type TestFunction = () => void | Promise<void>;

/** What a test can leave open. */
interface OpenHandles {
  sockets: number;
  timers: number;
}

/**
 * Makes a test fail that leaves more sockets or timers open than were open before. Deno's sanitizers see timers, but no
 * sockets of node:net; Bun has no sanitizers.
 *
 * @param settleMs How long what the test closed may take to go away.
 */
export function leavingNothingOpen(run: TestFunction, settleMs = 1_000): () => Promise<void> {
  return async () => {
    const before = openHandles();
    await run();
    const deadline = performance.now() + settleMs;
    while (describeLeak(before) && performance.now() < deadline) {
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
    const leak = describeLeak(before);
    if (leak) throw new Error(`Cannot end the test: ${leak}`);
  };
}

/** Counts the timers of this process that can fire. */
export const countTimers: () => number = "Bun" in globalThis ? await bunTimerCounter() : denoTimers;

function denoTimers(): number {
  return process.getActiveResourcesInfo().filter((name) => name === "Timeout").length;
}

async function bunTimerCounter(): Promise<() => number> {
  const specifier = "bun:jsc"; // in a variable, so that Deno does not look for the module
  const { heapStats } = await import(specifier);
  // The engine protects a timer's object from collection while the timer can fire.
  return () => heapStats().protectedObjectTypeCounts.Timeout ?? 0;
}

function openHandles(): OpenHandles {
  return { sockets: countSockets(), timers: countTimers() };
}

/** Where Linux lists the open descriptors of this process; other systems have no such list, and nothing is counted. */
const descriptors = "/proc/self/fd";

/** Counts everything that this process has open. */
export function countDescriptors(): number {
  return listIfExists(descriptors).length;
}

/** Counts the sockets among it. */
export function countSockets(): number {
  return listIfExists(descriptors).filter((descriptor) => isSocket(`${descriptors}/${descriptor}`)).length;
}

function listIfExists(folder: string): string[] {
  try {
    return readdirSync(folder);
  } catch {
    return [];
  }
}

function isSocket(path: string): boolean {
  try {
    return readlinkSync(path).startsWith("socket:");
  } catch {
    return false; // closed since it was listed, as the descriptor of the listing itself is
  }
}

function describeLeak(before: OpenHandles): string | undefined {
  const after = openHandles();
  if (after.sockets > before.sockets) return `${after.sockets - before.sockets} more sockets are open than before`;
  if (after.timers > before.timers) return `${after.timers - before.timers} more timers are running than before`;
}

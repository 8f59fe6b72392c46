import { readdirSync, readlinkSync } from "node:fs";
import process from "node:process";

type TestFunction = () => void | Promise<void>;

/** Handles that a test can leave open. */
interface OpenHandles {
  sockets: number;
  timers: number;
}

/**
 * Makes a test fail if it leaves more sockets or timers open than were open before. Deno's sanitizers detect timers, but not
 * sockets of node:net; Bun has no sanitizers.
 *
 * @param settleMs How long it may take until what the test closed is actually closed.
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

/** Counts this process's timers that can fire. */
export const countTimers: () => number = "Bun" in globalThis ? await bunTimerCounter() : denoTimers;

function denoTimers(): number {
  return process.getActiveResourcesInfo().filter((name) => name === "Timeout").length;
}

async function bunTimerCounter(): Promise<() => number> {
  const specifier = "bun:jsc"; // a variable, so that Deno does not try to resolve the module
  const { heapStats } = await import(specifier);
  // The engine protects a timer's object from collection for as long as the timer can fire.
  return () => heapStats().protectedObjectTypeCounts.Timeout ?? 0;
}

function openHandles(): OpenHandles {
  return { sockets: countSockets(), timers: countTimers() };
}

/** Where Linux lists this process's open descriptors. Other systems have no such list, so nothing is counted there. */
const descriptors = "/proc/self/fd";

/** Counts this process's open descriptors. */
export function countDescriptors(): number {
  return listIfExists(descriptors).length;
}

/** Counts the sockets among them. */
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
    return false; // closed since it was listed, like the descriptor of the listing itself
  }
}

function describeLeak(before: OpenHandles): string | undefined {
  const after = openHandles();
  if (after.sockets > before.sockets) return `${after.sockets - before.sockets} more sockets are open than before`;
  if (after.timers > before.timers) return `${after.timers - before.timers} more timers are running than before`;
}

import process from "node:process";
import { setTimeout } from "node:timers/promises";

/** Resident memory of this process after garbage collection, in bytes. Finalizers run between the collections. */
export async function residentBytes(): Promise<number> {
  for (let i = 0; i < 4; i++) {
    collectGarbage();
    await setTimeout(50);
  }
  return process.memoryUsage().rss;
}

function collectGarbage(): void {
  const { Bun, gc } = globalThis as { Bun?: { gc(synchronously: boolean): void }; gc?: () => void };
  if (Bun) Bun.gc(true);
  else gc!();
}

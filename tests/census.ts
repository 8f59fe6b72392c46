import process from "node:process";
import v8 from "node:v8";
import vm from "node:vm";
import { countDescriptors, countSockets, countTimers } from "./leaks.ts";

/** How many sockets a runtime may open for its own purposes over time: Deno opens a pair. */
export const RUNTIMES_OWN_SOCKETS = 2;

/** What a process holds. */
export interface Census {
  sockets: number;
  /** Everything that is open: sockets, files and so on. */
  descriptors: number;
  /** Timers that can fire. */
  timers: number;
  /** How much is reachable, including compiled code, in bytes. */
  liveBytes: number;
  /** How many objects, functions and promises are reachable. Only Bun reports this. */
  liveObjects: number | undefined;
  /** The memory that the system has given to the process, in bytes. */
  residentBytes: number;
}

/** What the census needs of the engine. */
interface Engine {
  collectGarbage(): void;
  liveBytes(): number;
  liveObjects(): number | undefined;
}

const engine = "Bun" in globalThis ? await jsc() : v8Engine();

/** Counts what this process holds, excluding everything that is no longer reachable. */
export async function takeCensus(): Promise<Census> {
  for (let round = 0; round < 2; round++) {
    await new Promise((resolve) => setTimeout(resolve)); // some objects are freed only in later event-loop turns
    engine.collectGarbage();
  }
  return {
    sockets: countSockets(),
    descriptors: countDescriptors(),
    timers: countTimers(),
    liveBytes: engine.liveBytes(),
    liveObjects: engine.liveObjects(),
    residentBytes: process.memoryUsage().rss,
  };
}

async function jsc(): Promise<Engine> {
  const specifier = "bun:jsc"; // a variable, so that Deno does not try to resolve the module
  const { fullGC, heapStats } = await import(specifier);
  return {
    collectGarbage: fullGC,
    liveBytes: () => heapStats().heapSize,
    liveObjects() {
      const counts = heapStats().objectTypeCounts;
      return counts.Object + counts.Function + counts.Promise;
    },
  };
}

function v8Engine(): Engine {
  v8.setFlagsFromString("--expose-gc");
  return {
    collectGarbage: vm.runInNewContext("gc"),
    liveBytes() {
      const { heapUsed, external } = process.memoryUsage();
      return heapUsed + external;
    },
    liveObjects: () => undefined,
  };
}

import type { Runtime } from "./runtime.ts";

/** The runtime this program runs on. */
export const runtime: Runtime = await detect();

async function detect(): Promise<Runtime> {
  // Bun first: a program may define `Deno` for a polyfill, and nobody defines `Bun`.
  if ("Bun" in globalThis) return (await import("./bun.ts")).bunRuntime;
  if ("Deno" in globalThis) return (await import("./deno.ts")).denoRuntime;
  throw new Error("Cannot load @npws/pool: it runs on Deno and on Bun, and this is neither");
}

import type { Runtime } from "./runtime.ts";

/** The runtime this program runs on. */
export const runtime: Runtime = await detect(globalThis);

/** Identifies a runtime by its global objects, and loads its adapter. */
export async function detect(globals: object): Promise<Runtime> {
  // Bun first: a program may define `Deno` as a polyfill, but nobody defines `Bun`.
  if ("Bun" in globals) return (await import("./bun.ts")).bunRuntime;
  if ("Deno" in globals) return (await import("./deno.ts")).denoRuntime;
  throw new Error("Cannot load @npws/pool: it runs only on Deno and Bun");
}

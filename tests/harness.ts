import { leavingNothingOpen } from "./leaks.ts";

export { type SpawnedRuntime, spawnRuntime } from "./spawn_runtime.ts";

/** The runtime that the tests run on. */
export const runtimeName: "deno" | "bun" = "Bun" in globalThis ? "bun" : "deno";

/** How a test may differ from the default. */
export interface TestOptions {
  /** Fails the test if it takes longer. @default 60000 */
  timeoutMs?: number;
  /** Reports the test as skipped. */
  skip?: boolean;
}

type TestFunction = () => void | Promise<void>;

const register = runtimeName === "deno" ? registerOnDeno : await bunRegistrar();

/** Registers a test with the runtime's own runner. The test fails if it leaves sockets or timers open. */
export function test(name: string, run: TestFunction, { timeoutMs = 60_000, skip = false }: TestOptions = {}): void {
  register(name, leavingNothingOpen(run), timeoutMs, skip);
}

function registerOnDeno(name: string, fn: TestFunction, timeout: number, ignore: boolean): void {
  Deno.test({ name, fn, timeout, ignore });
}

async function bunRegistrar(): Promise<typeof registerOnDeno> {
  const specifier = "bun:test"; // a variable, so that Deno does not try to resolve the module
  const { test } = await import(specifier);
  return (name, run, timeoutMs, skip) => (skip ? test.skip : test)(name, run, timeoutMs);
}

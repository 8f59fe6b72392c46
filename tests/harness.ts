/** The runtime that the tests run on. */
export const runtimeName: "deno" | "bun" = "Bun" in globalThis ? "bun" : "deno";

/** How a test may differ from the others. */
export interface TestOptions {
  /** Fails the test when it takes longer. @default 60000 */
  timeoutMs?: number;
  /** Reports the test as skipped. */
  skip?: boolean;
}

type Register = (name: string, run: () => Promise<void>, skip: boolean, timeoutMs: number) => void;

const register = runtimeName === "bun" ? await bunRegister() : denoRegister;

/** Registers a test with the runtime's own runner. */
export function test(name: string, run: () => void | Promise<void>, options: TestOptions = {}): void {
  const { timeoutMs = 60_000, skip = false } = options;
  register(name, () => withinMs(timeoutMs, run), skip, timeoutMs);
}

/** The same deadline on both runtimes: Deno has none of its own, and Bun's is 5 s. */
async function withinMs(timeoutMs: number, run: () => void | Promise<void>): Promise<void> {
  const { promise: late, reject } = Promise.withResolvers<never>();
  const timer = setTimeout(() => reject(new Error(`Cannot finish the test within ${timeoutMs} ms`)), timeoutMs);
  try {
    await Promise.race([late, run()]);
  } finally {
    clearTimeout(timer);
  }
}

function denoRegister(name: string, run: () => Promise<void>, skip: boolean): void {
  Deno.test({ name, fn: run, ignore: skip });
}

async function bunRegister(): Promise<Register> {
  // Behind a variable, so that Deno does not look for it when it builds the module graph.
  const specifier = "bun:test";
  const bun = await import(specifier);
  // Bun's own deadline only catches what blocks the event loop, so it comes later.
  return (name, run, skip, timeoutMs) => (skip ? bun.test.skip : bun.test)(name, run, timeoutMs + 5_000);
}

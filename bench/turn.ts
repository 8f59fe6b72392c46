// setImmediate is a global of both runtimes, but not of the web standard's type library.
const { setImmediate } = globalThis as unknown as { setImmediate(callback: () => void): unknown };

/** Resolves in the next turn of the event loop. */
export function turn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}

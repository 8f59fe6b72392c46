/** Resolves when a number that grows has stopped growing, for what tells nobody that it waits. */
export async function atRest(value: () => number): Promise<void> {
  for (let last = -1; last !== value();) {
    last = value();
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

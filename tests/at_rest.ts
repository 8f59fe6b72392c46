/** Resolves once a growing number has stopped growing; for code that gives no signal when it starts to wait. */
export async function atRest(value: () => number): Promise<void> {
  for (let last = -1; last !== value();) {
    last = value();
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

/**
 * Resolves when the condition holds. It looks again and again, for what tells nobody of a change; the test's own deadline is the
 * bound.
 */
export async function eventually(isMet: () => boolean | Promise<boolean>): Promise<void> {
  while (!await isMet()) await new Promise((resolve) => setTimeout(resolve, 2));
}

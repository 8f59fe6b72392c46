/**
 * Resolves once the condition holds. It polls, for changes that nothing reports. It has no time limit but the test's own
 * deadline.
 */
export async function eventually(isMet: () => boolean | Promise<boolean>): Promise<void> {
  while (!await isMet()) await new Promise((resolve) => setTimeout(resolve, 2));
}

/** How often a number must be the same, 2 ms apart, to count as at rest. */
const LOOKS = 25;

/** A number once it has stopped changing; for code that gives no signal when it starts to wait. */
export async function atRest(read: () => number | Promise<number>): Promise<number> {
  let value = await read();
  for (let same = 0; same < LOOKS;) {
    await new Promise((resolve) => setTimeout(resolve, 2));
    const next = await read();
    same = next === value ? same + 1 : 0;
    value = next;
  }
  return value;
}

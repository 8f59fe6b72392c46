import { assertEquals } from "@std/assert";
import { test } from "../harness.ts";
import { Growth } from "./growth.ts";

const MIB = 2 ** 20;

function growthOf(bytesAt: (look: number) => number, objectsAt: (look: number) => number | undefined): Growth {
  const growth = new Growth();
  for (let look = 0; look < 12; look++) {
    growth.add(look * 1_000, { liveBytes: bytesAt(look), liveObjects: objectsAt(look) });
  }
  return growth;
}

const rows: [claim: string, growth: Growth, problems: number][] = [
  ["nothing where all stays as it is", growthOf(() => 20 * MIB, () => 9_000), 0],
  ["nothing of the growth at the beginning", growthOf((look) => Math.min(look, 4) * 9 * MIB, () => undefined), 0],
  ["nothing of a single high look", growthOf((look) => (look === 7 ? 90 : 10) * MIB, () => undefined), 0],
  ["1 KiB that each stream leaves", growthOf((look) => look * 1_000 * 1_024, () => undefined), 1],
  ["an object that each stream leaves", growthOf(() => 20 * MIB, (look) => look * 1_000), 1],
];

for (const [claim, growth, problems] of rows) {
  test(`Growth finds ${claim}`, () => assertEquals(growth.problems().length, problems));
}

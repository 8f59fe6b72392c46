import type { BenchCase } from "../bench_case.ts";
import { dial } from "./dial.ts";
import { get } from "./get.ts";
import { memory } from "./memory.ts";
import { request } from "./request.ts";
import { roundTrip, roundTrip2 } from "./round_trip.ts";
import { session } from "./session.ts";
import { throughput, throughput2 } from "./throughput.ts";
import { wake } from "./wake.ts";

/** Every case, in the order of the table. */
export const cases: readonly BenchCase[] = [
  get,
  request,
  wake,
  throughput,
  roundTrip,
  dial,
  memory,
  session,
  throughput2,
  roundTrip2,
];

/** The case of this name. */
export function findCase(name: string): BenchCase {
  const found = cases.find((candidate) => candidate.name === name);
  if (!found) {
    throw new RangeError(`Cannot find case ${name}: it is none of ${cases.map(({ name }) => name).join(", ")}`);
  }
  return found;
}

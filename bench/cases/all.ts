import type { BenchCase } from "../bench_case.ts";
import { burst } from "./burst.ts";
import { dial } from "./dial.ts";
import { distance } from "./distance.ts";
import { get } from "./get.ts";
import { idle } from "./idle.ts";
import { memory } from "./memory.ts";
import { request } from "./request.ts";
import { roundTrip, roundTrip2 } from "./round_trip.ts";
import { session } from "./session.ts";
import { stopped } from "./stopped.ts";
import { take } from "./take.ts";
import { throughput, throughput2 } from "./throughput.ts";
import { tunnel, tunnelDistance, tunnelMemory } from "./tunnel.ts";
import { wake } from "./wake.ts";

/** Every case, in the order of the table. */
export const cases: readonly BenchCase[] = [
  session,
  burst,
  throughput2,
  distance,
  roundTrip2,
  take,
  idle,
  memory,
  stopped,
  tunnel,
  tunnelDistance,
  tunnelMemory,
  get,
  wake,
  request,
  throughput,
  roundTrip,
  dial,
];

/** Finds the case with this name. */
export function findCase(name: string): BenchCase {
  const found = cases.find((candidate) => candidate.name === name);
  if (!found) {
    throw new RangeError(`Cannot find case ${name}: it is none of ${cases.map(({ name }) => name).join(", ")}`);
  }
  return found;
}

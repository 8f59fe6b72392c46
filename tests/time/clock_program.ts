/** Prints what happens in the first turn of a process, and leaves timers behind that must not keep it alive. */
import process from "node:process";
import { systemClock } from "../../src/time/clock.ts";

const happened: string[] = [];

async function steps(): Promise<void> {
  for (let step = 1; step <= 3; step++) happened.push(await `step ${step}`);
}

systemClock.endOfTurn(() => happened.push("end of turn"));
steps();

for (const ms of [600_000, 2 ** 32]) systemClock.setRef(systemClock.setTimeout(() => {}, ms), false);
process.on("exit", () => console.log(happened.join(", ")));

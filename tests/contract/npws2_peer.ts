/** The other process of a test: it runs a method of a `PoolActor` for each line of its standard input, and ends with it. */
import process from "node:process";
import { createInterface } from "node:readline";
import { PoolActor } from "./npws2_actor.ts";

/** What a peer reads. */
export interface Call {
  number: number;
  name: string;
  args: unknown[];
}

/** What it prints for each call, in the order in which they end. */
export interface Answer {
  number: number;
  result?: unknown;
  failure?: string;
}

const actor = new PoolActor() as unknown as Record<string, (...args: unknown[]) => unknown>;

for await (const line of createInterface({ input: process.stdin })) answer(JSON.parse(line));
process.exit(0);

async function answer({ number, name, args }: Call): Promise<void> {
  const print = (answer: Answer) => console.log(JSON.stringify(answer));
  try {
    print({ number, result: await actor[name](...args) });
  } catch (error) {
    print({ number, failure: error instanceof Error ? error.stack ?? error.message : String(error) });
  }
}

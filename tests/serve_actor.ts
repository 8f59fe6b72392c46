import process from "node:process";
import { createInterface } from "node:readline";

/** A line that the process reads. */
export interface Call {
  number: number;
  name: string;
  args: unknown[];
}

/** What it prints for each call, in the order in which the calls complete. */
export interface Answer {
  number: number;
  result?: unknown;
  failure?: string;
}

/**
 * Runs a method of the actor for each line of standard input, and exits when the input ends. After the line "leave" it exits
 * only once nothing keeps it running: no timer, and no socket.
 */
export async function serveActor(actor: object): Promise<void> {
  for await (const line of createInterface({ input: process.stdin })) {
    if (line === "leave") return void process.stdin.destroy();
    answer(actor as Record<string, (...args: unknown[]) => unknown>, JSON.parse(line));
  }
  process.exit(0);
}

async function answer(
  actor: Record<string, (...args: unknown[]) => unknown>,
  { number, name, args }: Call,
): Promise<void> {
  const print = (answer: Answer) => console.log(JSON.stringify(answer));
  try {
    print({ number, result: await actor[name](...args) });
  } catch (error) {
    print({ number, failure: error instanceof Error ? error.stack ?? error.message : String(error) });
  }
}

/** The peer process of a benchmark: owns one end of a case, and runs one of its methods for each line of standard input. */
import process from "node:process";
import { createInterface } from "node:readline";
import { findCase } from "./cases/all.ts";
import type { Answer, Call, Role } from "./remote.ts";

const [caseName, role] = process.argv.slice(2) as [string, Role];
const actor = new (findCase(caseName)[role])() as Record<string, (...args: unknown[]) => unknown>;

for await (const line of createInterface({ input: process.stdin })) {
  const { name, args } = JSON.parse(line) as Call;
  console.log(JSON.stringify(await answer(name, args)));
}
process.exit(0);

async function answer(name: string, args: unknown[]): Promise<Answer> {
  try {
    return { result: await actor[name](...args) };
  } catch (error) {
    return { error: error instanceof Error ? error.stack : String(error) };
  }
}

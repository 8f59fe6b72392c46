import { readFileSync } from "node:fs";
import type { Role } from "../../src/link/metered_link.ts";

const document = readFileSync(new URL("../../docs/wire-states.md", import.meta.url), "utf8");

/** A row's name, then a column's name, to what is written there. */
export type StateTable = ReadonlyMap<string, ReadonlyMap<string, string>>;

/** What each side does with each message, as docs/wire-states.md has it. */
export const stateTables: Record<Role, StateTable> = { client: tableUnder("Client"), server: tableUnder("Server") };

function tableUnder(heading: string): StateTable {
  const [, section] = document.split(`\n## ${heading}\n`);
  const [[, ...columns], , ...rows] = section!.trimStart().split("\n\n")[0]!.split("\n").map(cellsOf);
  return new Map(
    rows.map(([state, ...cells]) => [state, new Map(cells.map((cell, at) => [verbOf(columns[at]), cell]))]),
  );
}

function cellsOf(line: string): string[] {
  return line.replaceAll("`", "").split("|").slice(1, -1).map((cell) => cell.trim());
}

/** "idle ID" is what a server says. */
function verbOf(column: string): string {
  return column.split(" ")[0]!;
}

import { readFileSync } from "node:fs";
import type { Role } from "../../src/link/metered_link.ts";

const document = readFileSync(new URL("../../docs/wire-states.md", import.meta.url), "utf8");

/** What a cell says, by the names of its row and column. */
export type StateTable = ReadonlyMap<string, ReadonlyMap<string, string>>;

/** How each side reacts to each message, as specified in docs/wire-states.md. */
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

/** The column `idle ID` is named after the server's form of `idle`. */
function verbOf(column: string): string {
  return column.split(" ")[0]!;
}

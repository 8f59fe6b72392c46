import type { Role } from "../../src/link/metered_link.ts";

/** What each side does with each message, in the words of wire-states.md. */
export const stateTables: Record<Role, StateTable> = {
  client: parseTable(`
    | state | data | take | open | ok | no | credit | fin | reset | stop | idle | want | ping | pong | hello | close |
    | hello | V | V | V | V | V | V | V | V | V | V | V | V | V | own hello → idle | gone |
    | idle | discard | reserve | reserve | V | V | limit | – (4) | V | V | V | dial | pong | – | V | gone |
    | taking | discard | own take void (1), reserve | own take void (1), reserve | granted (2) → open/open (5) | own was open: → idle, same id; else V | limit | – (4) | V | V | V | dial | pong | – | V | gone |
    | open/open | buffer | V | V | V | V | limit | → open/ended | discard unread → open/ended | send reset → ended/open | V | dial | pong | – | V | gone |
    | ended/open | buffer | V | V | V | V | limit | → ended/ended | discard unread → ended/ended | – | V | dial | pong | – | V | gone |
    | open/ended | V | V | V | V | V | limit | V | V | send reset → ended/ended (6) | V | dial | pong | – | V | gone |
    | ended/ended | V | V | V | V | V | limit | V | V | – | → ended/ended+idle | dial | pong | – | V | gone |
    | ended/ended+idle | V | V | V | V | V | limit | V | V | V | V | dial | pong | – | V | gone |
    | done | V | V | V | V | V | limit | V | V | – | → idle | dial | pong | – | V | gone |
    | closing | – | – | – | – | – | – | – | – | – | – | – | – | – | – | gone |
  `),
  server: parseTable(`
    | state | data | take | open | ok | no | credit | fin | reset | stop | idle | want | ping | pong | hello | close |
    | hello | V | V | V | V | V | V | V | V | V | V | V | V | V | → idle | gone |
    | idle | discard | reserve | reserve | V | V | limit | – (4) | V | V | V | V | pong | – | V | gone |
    | taking | discard | – (3) | – (3) | granted (2) → open/open (5) | own was open: → idle, same id; else V | limit | – (4) | V | V | V | V | pong | – | V | gone |
    | open/open | buffer | V | V | V | V | limit | → open/ended | discard unread → open/ended | send reset → ended/open | V | V | pong | – | V | gone |
    | ended/open | buffer | V | V | V | V | limit | → ended/ended | discard unread → ended/ended | – | V | V | pong | – | V | gone |
    | open/ended | V | V | V | V | V | limit | V | V | send reset → ended/ended (6) | V | V | pong | – | V | gone |
    | ended/ended | V | V | V | V | V | limit | V | V | – | → ended/ended+idle | V | pong | – | V | gone |
    | ended/ended+idle | V | V | V | V | V | limit | V | V | V | V | V | pong | – | V | gone |
    | done | V | V | V | V | V | limit | V | V | – | → idle | V | pong | – | V | gone |
    | closing | – | – | – | – | – | – | – | – | – | – | – | – | – | – | gone |
  `),
};

/** A row's name, then a column's name, to what is written there. */
export type StateTable = ReadonlyMap<string, ReadonlyMap<string, string>>;

function parseTable(text: string): StateTable {
  const [[, ...columns], ...rows] = text.trim().split("\n").map(cellsOf);
  return new Map(rows.map(([state, ...cells]) => [state, new Map(cells.map((cell, at) => [columns[at], cell]))]));
}

function cellsOf(line: string): string[] {
  return line.split("|").slice(1, -1).map((cell) => cell.trim());
}

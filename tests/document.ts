import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";

/** A table, indexed by the text in its first column: the row's other cells, by column title. */
export type Table = ReadonlyMap<string, Readonly<Record<string, string>>>;

/** The content between a heading and the next one. */
export interface Section {
  readonly title: string;
  /** The heading level, 1 for "#". */
  readonly level: number;
  /** The anchor that links use to reach it. */
  readonly anchor: string;
  readonly text: string;
}

/** A document of the repository, limited to what tests examine. Code markup is removed from all returned texts. */
export class Document {
  /** "docs/go.md". */
  readonly path: string;
  readonly text: string;
  readonly sections: readonly Section[];

  constructor(path: string) {
    this.path = path;
    this.text = readFileSync(fileURLToPath(new URL(`../${path}`, import.meta.url)), "utf8");
    this.sections = parseSections(this.text);
  }

  /** The table of a section whose first column contains this text. */
  table(title: string, member: string): Table {
    const section = this.sections.find((section) => section.title === title);
    const tables = [...section?.text.matchAll(/(?:^\|.*\n)+/gm) ?? []].map(([table]) => parseTable(table));
    const table = tables.find((table) => table.has(member));
    if (!table) throw new Error(`Cannot read ${this.path}: no table of "${title}" tells of ${member}`);
    return table;
  }

  /** Link targets, except those in code. */
  get links(): string[] {
    return [...withoutBlocks(this.text).matchAll(/\]\(([^)\s]+)\)/g)].map(([, target]) => target);
  }
}

function parseSections(text: string): Section[] {
  const headings = [...withoutBlocks(text).matchAll(/^(#+) (.*)$/gm)];
  return headings.map(({ index, 0: heading, 1: marks, 2: title }, number) => ({
    title,
    level: marks.length,
    anchor: anchorOf(title),
    text: text.slice(index + heading.length, headings[number + 1]?.index),
  }));
}

/** Anchors as GitHub generates them. */
function anchorOf(title: string): string {
  return title.toLowerCase().replace(/[^\p{Letter}\p{Number}_ -]/gu, "").replaceAll(" ", "-");
}

function parseTable(text: string): Table {
  const [[, ...titles], , ...rows] = text.replaceAll("`", "").trim().split("\n").map((line) =>
    line.slice(1, -1).split("|").map((cell) => cell.trim())
  );
  return new Map(rows.map(([first, ...cells]) => [
    first,
    Object.fromEntries(titles.map((title, column) => [title, cells[column]])),
  ]));
}

/** Keeps the length of the original, so that positions are the same in both. */
function withoutBlocks(text: string): string {
  return text.replace(/^```[\s\S]*?^```/gm, (block) => block.replace(/[^\n]/g, " "));
}

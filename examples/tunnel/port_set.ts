import { parsePort } from "./host_port.ts";

/** Ports that clients may ask for, written "80,443,8000-8999". Port 0 stands for any free port. */
export class PortSet {
  readonly #ranges: readonly (readonly [first: number, last: number])[];
  readonly #text: string;

  private constructor(text: string, ranges: readonly (readonly [number, number])[]) {
    this.#text = text;
    this.#ranges = ranges;
  }

  /** Undefined when the text is not a list of ports and ranges. */
  static parse(text: string): PortSet | undefined {
    const ranges = text.split(",").map(parseRange);
    return ranges.includes(undefined) ? undefined : new PortSet(text, ranges as [number, number][]);
  }

  has(port: number): boolean {
    return this.#ranges.some(([first, last]) => port >= first && port <= last);
  }

  toString(): string {
    return this.#text;
  }
}

/** Reads "8080" or "8000-8999". */
export function parseRange(text: string): [first: number, last: number] | undefined {
  const [, from, to = from] = /^\s*(\d+)(?:-(\d+))?\s*$/.exec(text) ?? [];
  const [first, last] = [from, to].map((end) => parsePort(end ?? "", 0));
  return first === undefined || last === undefined || first > last ? undefined : [first, last];
}

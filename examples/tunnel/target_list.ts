import type { HostPort } from "./host_port.ts";
import { parseRange } from "./port_set.ts";

interface Rule {
  /** Undefined: every host. */
  readonly hostname: string | undefined;
  readonly ports: readonly [first: number, last: number];
}

const EVERY_PORT = [1, 65_535] as const;

/** Targets that a server connects its clients to, written "127.0.0.1:5432,db.internal:8000-8999,*:443,[::1]:*". */
export class TargetList {
  readonly #rules: readonly Rule[];

  private constructor(rules: readonly Rule[]) {
    this.#rules = rules;
  }

  /** Undefined when the text is not a list of targets. */
  static parse(text: string): TargetList | undefined {
    const rules = text.split(",").map((item) => parseRule(item.trim()));
    return rules.includes(undefined) ? undefined : new TargetList(rules as Rule[]);
  }

  /** Names are compared as written, ignoring case: a rule for a name does not cover its addresses. */
  has({ hostname, port }: HostPort): boolean {
    return this.#rules.some(({ hostname: host, ports: [first, last] }) =>
      (host === undefined || host === hostname.toLowerCase()) && port >= first && port <= last
    );
  }
}

function parseRule(text: string): Rule | undefined {
  const [, bracketed, plain, portText] = /^(?:\[([0-9a-f:.]+)\]|([^\s:[\]]+)):([\d-]+|\*)$/i.exec(text) ?? [];
  const hostname = bracketed ?? plain;
  const ports = portText === "*" ? EVERY_PORT : parseRange(portText ?? "");
  if (hostname === undefined || !ports) return undefined;
  return { hostname: hostname === "*" ? undefined : hostname.toLowerCase(), ports };
}

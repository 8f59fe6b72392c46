import { type RuntimeName, runtimePath } from "../scripts/runtime_path.ts";

/** The runtimes of the client and of the server. */
export interface Pair {
  readonly name: string;
  readonly client: RuntimeName;
  readonly server: RuntimeName;
}

const runtimes: readonly RuntimeName[] = ["deno", "bun"];

/** Every pair, client first: "deno-deno", "bun-bun", "deno-bun", "bun-deno". */
export const pairs: readonly Pair[] = [
  ...runtimes.map((runtime) => pair(runtime, runtime)),
  pair("deno", "bun"),
  pair("bun", "deno"),
];

/** The pairs for which both runtimes are available on this machine. */
export function foundPairs(wanted: readonly Pair[]): Pair[] {
  const found = new Set(runtimes.filter(isFound));
  return wanted.filter(({ client, server }) => found.has(client) && found.has(server));
}

function pair(client: RuntimeName, server: RuntimeName): Pair {
  return { name: `${client}-${server}`, client, server };
}

function isFound(runtime: RuntimeName): boolean {
  try {
    runtimePath(runtime);
    return true;
  } catch {
    return false; // neither installed nor available from npm
  }
}

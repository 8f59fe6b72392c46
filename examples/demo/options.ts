import { parseArgs, type ParseArgsConfig } from "node:util";

/** What the demo was asked to do. */
export interface DemoOptions {
  /** The file to move. */
  path: string;
  /** How many connections carry it at once. */
  connections: number;
  /** The server's port; 0 for any free port. */
  port: number;
}

const MAX_CONNECTIONS = 100;

export const HELP = `Moves a file through pooled connections and back, and measures it.

Usage: deno task demo [file] [--connections N] [--port N]
       bun run examples/demo.ts [file] [--connections N] [--port N]

  file             The file to move (default: the runtime's own program)
  --connections N  How many connections carry it at once, 1 to ${MAX_CONNECTIONS} (default: 4)
  --port N         The server's port; 0 picks a free one (default: 0)
  -h, --help       Shows this help

Starts a ServerPool in a second process and a ClientPool in its own, both on
127.0.0.1, with TLS and a self-signed certificate that the client pins by its
SHA-256. Each connection carries the whole file: the server sends back what
arrives. The SHA-256 of what arrived at the server, and of what came back, is
compared with the file's own. The file is read in pieces and written nowhere.
1 MB is 1,000,000 bytes. The exit code is 0 on success, otherwise 1. Ctrl-C ends
both processes.`;

const FLAGS = {
  connections: { type: "string" },
  port: { type: "string" },
  help: { type: "boolean", short: "h" },
} satisfies ParseArgsConfig["options"];

/**
 * Reads the command line.
 *
 * @returns "help" when only the help was asked for.
 * @throws {Error} An argument is wrong.
 */
export function readOptions(args: string[], defaultPath: string): DemoOptions | "help" {
  const { values, positionals } = parse(args);
  if (values.help) return "help";
  if (positionals.length > 1) throw new Error(`Cannot move more than one file: got ${positionals.join(", ")}`);
  return {
    path: positionals[0] ?? defaultPath,
    connections: integer("--connections", values.connections ?? "4", 1, MAX_CONNECTIONS),
    port: integer("--port", values.port ?? "0", 0, 65_535),
  };
}

function parse(args: string[]) {
  try {
    return parseArgs({ args, options: FLAGS, allowPositionals: true });
  } catch (error) {
    const [reason] = (error as Error).message.split(/\.\s/); // the rest is advice
    throw new Error(`Cannot read the arguments: ${reason}; see --help`, { cause: error });
  }
}

function integer(flag: string, text: string, min: number, max: number): number {
  const value = Number(text);
  if (/^\d+$/.test(text) && value >= min && value <= max) return value;
  throw new Error(`Cannot start the demo: ${flag} must be an integer from ${min} to ${max}, got "${text}"`);
}

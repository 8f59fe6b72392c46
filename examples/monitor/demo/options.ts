import type { ParseArgsConfig } from "node:util";
import { integer, parse } from "../../tunnel/command_line.ts";

/** What the demo was asked to do. */
export interface MonitorOptions {
  /** Where the page is. */
  readonly hostname: string;
  /** 0 for any free port. */
  readonly port: number;
  /** Connections per second, on average. */
  readonly rate: number;
  /** How long the server admits the client before it turns it away temporarily, in seconds; 0: always. */
  readonly outages: number;
}

export const MONITOR_HELP = `Two pools with some load between them, and the monitor beside them.

Usage: deno run -A examples/monitor.ts [--port N] [--hostname HOST]
       bun run examples/monitor.ts [--port N] [--hostname HOST]

  --port N          Port of the page; 0 picks a free one (default: 8440)
  --hostname HOST   Address to listen on; 0.0.0.0 makes the page reachable from
                    other machines, such as a phone (default: 127.0.0.1)
  --rate N          Connections per second on average, 0 to 1000 (default: 20)
  --outages N       Every N seconds the server turns its client away for a
                    while, so that there are failures to see; 0: never
                    (default: 30)
  -h, --help        Shows this help

Open the address that it prints. /metrics is for Prometheus, /stats is JSON.
Ends on SIGINT (Ctrl-C) or SIGTERM. Exit codes: 0 after a signal, 1 failure
(such as a port in use), 2 invalid arguments.`;

const FLAGS = {
  port: { type: "string" },
  hostname: { type: "string" },
  rate: { type: "string" },
  outages: { type: "string" },
  help: { type: "boolean", short: "h" },
} satisfies ParseArgsConfig["options"];

/**
 * Reads the command line.
 *
 * @returns "help" when only the help was asked for.
 * @throws {ExitError} An argument is wrong.
 */
export function readMonitorOptions(args: string[]): MonitorOptions | "help" {
  const { help, hostname = "127.0.0.1", port = "8440", rate = "20", outages = "30" } = parse(args, FLAGS);
  if (help) return "help";
  return {
    hostname,
    port: integer("--port", port, 0, 65_535),
    rate: integer("--rate", rate, 0, 1_000),
    outages: integer("--outages", outages, 0, 86_400),
  };
}

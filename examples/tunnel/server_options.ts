import {
  COMMON_FLAGS,
  integer,
  parse,
  parsed,
  readText,
  required,
  tlsMode,
  tokens,
  usageError,
} from "./command_line.ts";
import { type HostPort, parseHost, parseListenAddress } from "./host_port.ts";
import { PortSet } from "./port_set.ts";
import { TargetList } from "./target_list.ts";

/** What the server was asked to do. */
export interface ServerOptions {
  /** Where clients connect to. */
  readonly listen: HostPort;
  /** Empty: every client is admitted. */
  readonly tokens: readonly string[];
  readonly tls: ServerTls;
  /** Ports that clients may ask for. */
  readonly allowPorts: PortSet;
  /** Targets that clients may connect to; undefined: none. */
  readonly allowTargets: TargetList | undefined;
  /** The address of ports for which the client names none. */
  readonly bind: string;
  readonly maxLinks: number;
  readonly drainMs: number;
  readonly isVerbose: boolean;
}

/** "made": the program makes its own certificate. */
export type ServerTls = "off" | "made" | { readonly cert: string; readonly key: string };

export const SERVER_HELP = `The public end of a reverse TCP tunnel.

Usage: deno run -A examples/tunnel/server.ts \\
         --listen 8443 --token SECRET --tls self-signed
       bun run examples/tunnel/server.ts ... (the same)

  --listen [HOST:]PORT   Address for clients; port 0 picks a free one, and HOST
                         is 0.0.0.0 by default
  --token TOKEN          Token that a client must present; may be repeated
                         (default: the environment variable NPWS_TUNNEL_TOKEN)
  --tls MODE             off: plain ws://, for use behind a TLS proxy
                         self-signed: the certificate from --cert, or a new one
                           at each start; prints its SHA-256 for clients' --pin
                         verified: the certificate from --cert (default)
  --cert FILE            The certificate with its chain, PEM
  --key FILE             Its private key, PEM
  --allow-ports LIST     Ports that clients may request, "80,443,8000-8999";
                         0 means any free port (default: 0,1024-65535)
  --allow-targets LIST   Targets that clients with --local may connect to, such
                         as "127.0.0.1:5432,db.internal:8000-8999,*:443"
                         (default: none)
  --bind HOST            Address of public ports for which the client gives none
                         (default: 0.0.0.0)
  --max-links N          Maximum number of links with clients; each connection
                         uses one while it lasts (default: 10000)
  --drain SECONDS        How long open connections may continue at shutdown
                         (default: 10)
  -v, --verbose          Logs every connection
  -h, --help             Shows this help

Shuts down on SIGINT (Ctrl-C) or SIGTERM: frees its ports and lets open
connections finish. A second signal aborts them.

Exit codes: 0 after a signal, 1 failure (such as a port in use), 2 invalid
arguments, 130 or 143 after a second signal.`;

const FLAGS = {
  ...COMMON_FLAGS,
  listen: { type: "string" },
  cert: { type: "string" },
  key: { type: "string" },
  "allow-ports": { type: "string" },
  "allow-targets": { type: "string" },
  bind: { type: "string" },
  "max-links": { type: "string" },
} as const;

/**
 * Reads the command line.
 *
 * @returns "help" when only the help was asked for.
 * @throws {ExitError} An argument is wrong.
 */
export function readServerOptions(args: string[]): ServerOptions | "help" {
  const values = parse(args, FLAGS);
  if (values.help) return "help";
  const listen = required("--listen", values.listen);
  const { "allow-targets": targets, "allow-ports": ports = "0,1024-65535", "max-links": links = "10000" } = values;
  return {
    listen: parsed("--listen", "[host:]port", listen, (text) => parseListenAddress(text, "0.0.0.0")),
    tokens: tokens(values.token),
    tls: readTls(values.tls ?? "verified", values.cert, values.key),
    allowPorts: parsed("--allow-ports", `a list such as "80,8000-8999"`, ports, PortSet.parse),
    allowTargets: targets === undefined
      ? undefined
      : parsed("--allow-targets", `a list such as "127.0.0.1:5432,*:443"`, targets, TargetList.parse),
    bind: parsed("--bind", "a host name or an IP address", values.bind ?? "0.0.0.0", parseHost),
    maxLinks: integer("--max-links", links, 1, 1_000_000),
    drainMs: 1_000 * integer("--drain", values.drain ?? "10", 0, 86_400),
    isVerbose: values.verbose ?? false,
  };
}

function readTls(modeText: string, cert: string | undefined, key: string | undefined): ServerTls {
  const mode = tlsMode(modeText);
  if (mode === "off") {
    if (cert !== undefined || key !== undefined) throw usageError("--cert and --key cannot be combined with --tls off");
    return mode;
  }
  if (cert !== undefined && key !== undefined) {
    return { cert: readText("--cert", cert), key: readText("--key", key) };
  }
  if (cert !== undefined || key !== undefined) throw usageError("--cert and --key must be given together");
  if (mode === "self-signed") return "made";
  throw usageError("--tls verified requires --cert and --key; --tls self-signed can generate a certificate");
}

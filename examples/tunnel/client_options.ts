import type { ClientTlsOptions } from "@npws/pool";
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
import { formatListen, type Forward, FORWARD_FORM, parseForward } from "./forward.ts";
import { isName, MAX_NAME_LENGTH } from "./messages.ts";

/** What the client was asked to do. */
export interface ClientOptions {
  /** The server's URL, in a form that `ClientPool` accepts. */
  readonly url: string;
  readonly token: string | undefined;
  /** Undefined: the URL decides. */
  readonly tls: "off" | ClientTlsOptions | undefined;
  readonly name: string | undefined;
  /** The server listens, the client connects. */
  readonly forwards: readonly Forward[];
  /** The client listens, the server connects. */
  readonly locals: readonly Forward[];
  readonly minLinks: number;
  readonly maxLinks: number;
  readonly drainMs: number;
  readonly isVerbose: boolean;
}

export const CLIENT_HELP = `The private end of a reverse TCP tunnel.

Usage: deno run -A examples/tunnel/client.ts --server wss://host:8443 \\
         --token SECRET --tls self-signed \\
         --forward 8080=127.0.0.1:3000 --name edge-7
       bun run examples/tunnel/client.ts ... (the same)

  --server URL           wss://host:port, ws://host:port or host:port
  --token TOKEN          Token that the server requires
                         (default: the environment variable NPWS_TUNNEL_TOKEN)
  --tls MODE             off: plain ws://
                         self-signed: any certificate, or only those of --pin
                         verified: checks the certificate (default, except
                           for ws://)
  --pin SHA256           SHA-256 of the server's certificate, as the server
                         prints it; may be repeated
  --ca FILE              Certificates to trust instead of the system's, PEM
  --name NAME            Identifies this client: it takes over the ports of an
                         earlier client with the same name (default: none,
                         and no ports are taken over)
  --forward [BIND:]PORT=HOST:PORT
                         Forwards a port on the server's host to a target that
                         this client can reach; port 0 picks a free one. May be
                         repeated. BIND is the server's --bind by default
  --local [BIND:]PORT=HOST:PORT
                         The other way round: forwards a port here to a target
                         that the server can reach and allows. May be repeated
                         (default of BIND: 127.0.0.1)
  --min-links N          Minimum number of idle links (default: 16)
  --max-links N          Maximum number of idle links (default: 256, or
                         --min-links if that is more)
  --drain SECONDS        How long open connections may continue at shutdown
                         (default: 10)
  -v, --verbose          Logs every connection
  -h, --help             Shows this help

Reconnects by itself, as often as needed. Shuts down on SIGINT (Ctrl-C) or
SIGTERM: frees its ports and lets open connections finish. A second signal
aborts them.

Exit codes: 0 after a signal, 1 failure (such as a local port in use), 2 invalid
arguments, 3 refused (the token or a port by the server, the name by another
client, or the server speaks only npws/1, which does not support the tunnel),
130 or 143 after a second signal.`;

const FLAGS = {
  ...COMMON_FLAGS,
  server: { type: "string" },
  pin: { type: "string", multiple: true },
  ca: { type: "string" },
  name: { type: "string" },
  forward: { type: "string", multiple: true },
  local: { type: "string", multiple: true },
  "min-links": { type: "string" },
  "max-links": { type: "string" },
} as const;

/**
 * Reads the command line.
 *
 * @returns "help" when only the help was asked for.
 * @throws {ExitError} An argument is wrong.
 */
export function readClientOptions(args: string[]): ClientOptions | "help" {
  const values = parse(args, FLAGS);
  if (values.help) return "help";
  const url = required("--server", values.server);
  const forwards = readForwards("--forward", values.forward);
  const locals = readForwards("--local", values.local);
  if (forwards.length + locals.length === 0) throw usageError("at least one --forward or --local is required");
  const minLinks = integer("--min-links", values["min-links"] ?? "16", 1, 1_000_000);
  const [token, ...others] = tokens(values.token);
  if (others.length > 0) throw usageError("--token may be given only once");
  return {
    url,
    token,
    tls: readTls(url, values.tls, values.pin, values.ca),
    name: values.name === undefined ? undefined : parsed("--name", NAME_FORM, values.name, parseName),
    forwards,
    locals,
    minLinks,
    maxLinks: integer("--max-links", values["max-links"] ?? `${Math.max(minLinks, 256)}`, minLinks, 1_000_000),
    drainMs: 1_000 * integer("--drain", values.drain ?? "10", 0, 86_400),
    isVerbose: values.verbose ?? false,
  };
}

function readTls(
  url: string,
  modeText: string | undefined,
  pins: string[] | undefined,
  ca: string | undefined,
): ClientOptions["tls"] {
  const mode = modeText === undefined ? undefined : tlsMode(modeText);
  if (mode === "off" && /^wss:/i.test(url)) throw usageError("--tls off cannot be combined with --server wss://");
  if (mode !== "off" && (mode ?? pins ?? ca) !== undefined && /^ws:/i.test(url)) {
    throw usageError("--tls, --pin and --ca cannot be combined with --server ws://");
  }
  if (mode === "off" && (pins ?? ca) !== undefined) {
    throw usageError("--pin and --ca cannot be combined with --tls off");
  }
  if (mode === "off") return mode;
  if (mode === "self-signed" && ca !== undefined) throw usageError("--ca cannot be combined with --tls self-signed");
  if (mode === undefined && pins === undefined && ca === undefined) return undefined;
  return {
    mode: mode ?? "verified",
    pinSha256: pins,
    caCerts: ca === undefined ? undefined : [readText("--ca", ca)],
  };
}

function readForwards(flag: string, texts: string[] = []): Forward[] {
  const forwards = texts.map((text) => parsed(flag, FORWARD_FORM, text, parseForward));
  const seen = new Set<string>();
  for (const { listen } of forwards) {
    if (listen.port === 0) continue;
    const where = formatListen(listen);
    if (seen.has(where)) throw usageError(`${flag} names ${where} twice`);
    seen.add(where);
  }
  return forwards;
}

const NAME_FORM = `1 to ${MAX_NAME_LENGTH} characters of A-Z a-z 0-9 . _ -`;

function parseName(text: string): string | undefined {
  return isName(text) ? text : undefined;
}

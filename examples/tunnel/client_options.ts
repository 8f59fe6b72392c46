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
  --token TOKEN          What the server wants to hear. Also in the environment
                         variable NPWS_TUNNEL_TOKEN
  --tls MODE             off: plain ws://
                         self-signed: any certificate, or the one of --pin
                         verified: checks the certificate (default for wss://)
  --pin SHA256           The SHA-256 of the server's certificate, which the
                         server prints; several may be given
  --ca FILE              Certificates to trust in place of the system's, PEM
  --name NAME            Tells this client from others: a client that begins
                         with the name of another one takes its ports over
  --forward [BIND:]PORT=HOST:PORT
                         A port on the server's host, and where it leads to from
                         here; 0 takes any port that is free. May be repeated
  --local [BIND:]PORT=HOST:PORT
                         The other way round: a port here, and where it leads to
                         from the server, which must allow it. May be repeated
  --min-links N          The fewest links that are kept ready (default: 16)
  --max-links N          The most links that are kept ready (default: 256)
  --drain SECONDS        How long connections may go on at the end (default: 10)
  -v, --verbose          Tells of every connection
  -h, --help             Shows this

Connects again by itself, as often as it takes. Ends at SIGINT (Ctrl-C) or
SIGTERM: has its ports freed, lets connections end, and aborts them when it gets
a second signal.

Exit codes: 0 after a signal, 1 failure (as a local port in use), 2 wrong
arguments, 3 refused (the token or a port by the server, the name by another
client, or the server speaks npws/1 only, which has no tunnel), 130 or 143 after
a second signal.`;

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
  if (forwards.length + locals.length === 0) throw usageError("there is nothing to do without --forward or --local");
  const minLinks = integer("--min-links", values["min-links"] ?? "16", 1, 1_000_000);
  const [token, ...others] = tokens(values.token);
  if (others.length > 0) throw usageError("--token was given more than once");
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
  if (mode === "off" && /^wss:/i.test(url)) throw usageError("--tls off contradicts --server wss://");
  if (mode !== "off" && (mode ?? pins ?? ca) !== undefined && /^ws:/i.test(url)) {
    throw usageError("--tls, --pin and --ca contradict --server ws://");
  }
  if (mode === "off" && (pins ?? ca) !== undefined) throw usageError("--pin and --ca contradict --tls off");
  if (mode === "off") return mode;
  if (mode === "self-signed" && ca !== undefined) throw usageError("--ca contradicts --tls self-signed");
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

import type { ClientPoolOptions, ClientTlsOptions, ServerTlsOptions } from "@npws/pool";
import { CLIENT_OPTION_NAMES, clientSettings } from "../src/options/client_options.ts";
import { CLIENT_TLS_NAMES } from "../src/options/client_tls.ts";
import { CALL_OPTION_NAMES, getSettings } from "../src/options/get_options.ts";
import { POOL_OPTION_NAMES } from "../src/options/pool_options.ts";
import { SERVER_OPTION_NAMES, SERVER_TLS_NAMES, serverSettings } from "../src/options/server_options.ts";

/** All keys of a type: the compiler ensures that none is missing and none is superfluous. */
export type Keys<Type> = Readonly<Record<keyof Type & string, true>>;

type Names = Readonly<Record<string, true>>;
type Values = Readonly<Record<string, unknown>>;

/** The options of one table of the README, as the code defines them. */
export interface OptionTable {
  /** The title of the section. */
  readonly section: string;
  readonly names: Names;
  /** Options that must be given before the others can be read. */
  readonly required: Values;
  /** The settings that the code derives from the options. */
  settings(options: Values): Values;
  /** Defaults that depend on something: the README's wording, and whether the code agrees. */
  readonly dependent?: Readonly<Record<string, { readonly text: string; readonly holds: () => boolean }>>;
}

const url = "ws://host:1";
const getTimeoutMs = 7_000;
const cert = "-----BEGIN CERTIFICATE-----\nMAo=\n-----END CERTIFICATE-----\n";
const key = "-----BEGIN PRIVATE KEY-----\nMAo=\n-----END PRIVATE KEY-----\n";

/** The option tables of the README. */
export const optionTables: readonly OptionTable[] = [
  { section: "Both pools", names: POOL_OPTION_NAMES, required: {}, settings: readServer },
  {
    section: "Client pool",
    names: ownNames(CLIENT_OPTION_NAMES),
    required: { url },
    settings: readClient,
    dependent: {
      maxCapacity: {
        text: "the greater of minCapacity and 16",
        holds: () => readClient({ url }).maxCapacity === 16 && readClient({ url, minCapacity: 17 }).maxCapacity === 17,
      },
      tls: {
        text: `"off" for ws://, "verified" else`,
        holds: () => !readClient({ url }).tls && isVerified("wss://host") && isVerified("host:1"),
      },
    },
  },
  { section: "Server pool", names: ownNames(SERVER_OPTION_NAMES), required: {}, settings: readServer },
  {
    section: "Waiting for a connection",
    names: CALL_OPTION_NAMES.open,
    required: {},
    settings: readGet,
    dependent: { timeoutMs: { text: "the pool's getTimeoutMs", holds: () => readGet({}).timeoutMs === getTimeoutMs } },
  },
  { section: "TLS of a client", names: CLIENT_TLS_NAMES, required: { mode: "verified" }, settings: readClientTls },
  { section: "TLS of a server", names: SERVER_TLS_NAMES, required: { cert, key }, settings: readServerTls },
];

/** The options of one kind of pool, without those that both kinds share. */
function ownNames(names: Names): Names {
  return Object.fromEntries(Object.entries(names).filter(([name]) => !Object.hasOwn(POOL_OPTION_NAMES, name)));
}

function readClient(options: Values): Values {
  const { dial, ...others } = clientSettings(options as unknown as ClientPoolOptions);
  return { ...dial, ...others };
}

function readServer(options: Values): Values {
  const { listen, tokens, ...others } = serverSettings(options);
  return { ...listen, token: tokens, ...others };
}

function readGet(options: Values): Values {
  return { ...getSettings("open", options, { getTimeoutMs }) };
}

function readClientTls(tls: Values): Values {
  return { ...clientSettings({ url: "wss://host", tls: tls as unknown as ClientTlsOptions }).dial.tls };
}

function readServerTls(tls: Values): Values {
  return { ...serverSettings({ tls: tls as unknown as ServerTlsOptions }).listen.tls };
}

function isVerified(url: string): boolean {
  return (readClient({ url }).tls as ClientTlsOptions).mode === "verified";
}

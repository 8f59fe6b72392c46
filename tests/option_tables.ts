import type {
  ClientPoolOptions,
  ClientTlsOptions,
  GetOptions,
  PoolOptions,
  ServerPoolOptions,
  ServerTlsOptions,
} from "@npws/pool";
import { clientSettings } from "../src/options/client_options.ts";
import { getSettings } from "../src/options/get_options.ts";
import { serverSettings } from "../src/options/server_options.ts";

/** All keys of a type: the compiler ensures that none is missing and none is superfluous. */
export type Keys<Type> = Readonly<Record<keyof Type & string, true>>;

type Values = Readonly<Record<string, unknown>>;

/** The options of one table of the README, as the code defines them. */
export interface OptionTable {
  /** The title of the section. */
  readonly section: string;
  readonly names: Readonly<Record<string, true>>;
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

const shared: Keys<PoolOptions> = {
  protocol: true,
  windowBytes: true,
  maxWindowBytes: true,
  receiveLimitBytes: true,
  keepAliveMs: true,
  heartbeatTimeoutMs: true,
  getTimeoutMs: true,
  maxWaiters: true,
  acceptBacklog: true,
};

const client: Keys<Omit<ClientPoolOptions, keyof PoolOptions>> = {
  url: true,
  minCapacity: true,
  maxCapacity: true,
  minIntervalMs: true,
  maxIntervalMs: true,
  tls: true,
  headers: true,
  token: true,
  name: true,
  WebSocket: true,
  dialTimeoutMs: true,
  dialConcurrency: true,
  maxBackoffMs: true,
  maxLinkAgeMs: true,
  maxStreamsPerLink: true,
};

const server: Keys<Omit<ServerPoolOptions, keyof PoolOptions>> = {
  hostname: true,
  port: true,
  path: true,
  maxCapacity: true,
  maxLinks: true,
  allow: true,
  trustedProxies: true,
  tls: true,
  token: true,
  origins: true,
  authorize: true,
};

const get: Keys<GetOptions & { peer?: string; metadata?: Uint8Array }> = {
  timeoutMs: true,
  signal: true,
  early: true,
  peer: true,
  metadata: true,
};

const clientTls: Keys<ClientTlsOptions> = {
  mode: true,
  caCerts: true,
  cert: true,
  key: true,
  serverName: true,
  pinSha256: true,
};

const serverTls: Keys<ServerTlsOptions> = { cert: true, key: true, ca: true, requireClientCertificate: true };

/** The option tables of the README. */
export const optionTables: readonly OptionTable[] = [
  { section: "Both pools", names: shared, required: {}, settings: readServer },
  {
    section: "Client pool",
    names: client,
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
  { section: "Server pool", names: server, required: {}, settings: readServer },
  {
    section: "Waiting for a connection",
    names: get,
    required: {},
    settings: readGet,
    dependent: { timeoutMs: { text: "the pool's getTimeoutMs", holds: () => readGet({}).timeoutMs === getTimeoutMs } },
  },
  { section: "TLS of a client", names: clientTls, required: { mode: "verified" }, settings: readClientTls },
  { section: "TLS of a server", names: serverTls, required: { cert, key }, settings: readServerTls },
];

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

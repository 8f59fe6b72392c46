import type { ClientPoolOptions, Pool, ServerPoolOptions } from "@npws/pool";
import { createAuthority, createCertificate } from "../certificates.ts";
import { clientPool, serverPool } from "../contract/pools.ts";
import { type GoPeer, startGoPeer } from "./go_peer.ts";

/** The levels of link protection. */
export const protections = ["off", "self-signed", "verified"] as const;

/** How a link is protected. */
export type Protection = typeof protections[number];

/** One of our pools, connected to a Go peer in the other role. Disposing it kills the peer first. */
export interface Meeting extends AsyncDisposable {
  readonly pool: Pool;
  readonly go: GoPeer;
  /** The port of whichever side is the server. */
  readonly port: number;
  /** Kills the Go peer and starts another in its place. */
  restartGo(): Promise<void>;
}

/** Options of a meeting. */
export interface MeetingOptions {
  protection?: Protection;
  /** How many idle links are kept. @default 2 */
  capacity?: number;
  /** How many the Go side keeps, if that differs. */
  goCapacity?: number;
}

/** The role of our pool opposite the Go peer. */
export interface Role {
  readonly name: "client" | "server";
  meet(program: string, options?: MeetingOptions): Promise<Meeting>;
}

/** Both roles. */
export const roles: Role[] = [{ name: "client", meet: meetAsClient }, { name: "server", meet: meetAsServer }];

const authority = await createAuthority();
const signed = await createCertificate(authority);
const selfSigned = await createCertificate(undefined);

async function meetAsClient(program: string, options: MeetingOptions = {}): Promise<Meeting> {
  const { protection: tls = "off", capacity = 2, goCapacity = capacity } = options;
  const start = (port?: number) =>
    startGoPeer(program, { role: "server", tls, capacity: goCapacity, port, ...(tls === "verified" ? signed : {}) });
  const go = await start();
  const pool = clientPool({
    url: `${tls === "off" ? "ws" : "wss"}://127.0.0.1:${go.port}`,
    tls: clientTls(tls),
    minCapacity: capacity,
    maxCapacity: capacity,
    maxBackoffMs: 100,
  });
  pool.start();
  return meeting(pool, go.port, go, () => start(go.port));
}

async function meetAsServer(program: string, options: MeetingOptions = {}): Promise<Meeting> {
  const { protection: tls = "off", capacity = 2, goCapacity = capacity } = options;
  const pool = serverPool({ maxCapacity: capacity, ...(tls === "off" ? {} : { tls: serverTls(tls) }) });
  await pool.start();
  const url = `${tls === "off" ? "ws" : "wss"}://127.0.0.1:${pool.address.port}`;
  const ca = tls === "verified" ? authority.cert : undefined;
  const start = () => startGoPeer(program, { role: "client", tls, capacity: goCapacity, url, ca });
  return meeting(pool, pool.address.port, await start(), start);
}

function meeting(pool: Pool, port: number, first: GoPeer, start: () => Promise<GoPeer>): Meeting {
  let go = first;
  return {
    pool,
    port,
    get go() {
      return go;
    },
    async restartGo() {
      await go[Symbol.asyncDispose]();
      go = await start();
    },
    async [Symbol.asyncDispose]() {
      await Promise.all([go[Symbol.asyncDispose](), pool.close({ drainMs: 0 })]);
    },
  };
}

function clientTls(protection: Protection): ClientPoolOptions["tls"] {
  return protection === "verified" ? { mode: "verified", caCerts: [authority.cert] } : protection;
}

function serverTls(protection: Protection): ServerPoolOptions["tls"] {
  return protection === "verified" ? signed : selfSigned;
}

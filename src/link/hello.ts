import { MAX_CONTROL_BYTES } from "./control.ts";

/** The smallest and the largest window that a peer may announce, in bytes. */
export const MIN_WINDOW_BYTES = 1_024;
export const MAX_WINDOW_BYTES = 16_777_216;

/** What a client's name must match. */
export const PEER_NAME = /^[A-Za-z0-9._-]{1,64}$/;

/** What both sides send first on npws/2 (docs/wire.md section 2.1). */
export interface Hello {
  /** How many bytes the sender buffers beyond what its application has consumed. */
  readonly window: number;
  /** Random, one per pool object: 16 hex digits. */
  readonly pool: string;
  /** Set by a server that offers bundles (docs/wire.md section 2.10) and by a client that accepts them. Others ignore it. */
  readonly bundles?: boolean;
}

/** The server's hello: its first message. */
export interface ServerHello extends Hello {
  /** The link's first id. */
  readonly id: string;
}

/** The client's hello: its answer. */
export interface ClientHello extends Hello {
  /** The label by which the server's application can ask for links of this client. */
  readonly name?: string;
}

/** Formats a hello. */
export function formatHello(hello: ServerHello | ClientHello): string {
  return JSON.stringify({ npws: 2, ...hello });
}

/** Parses the server's hello; undefined if the text is not one. Unknown members are ignored. */
export function parseServerHello(text: string): ServerHello | undefined {
  const members = parseMembers(text);
  const hello = members && readHello(members);
  if (!hello || !isText(members.id, /^[0-9a-f]{8}$/)) return undefined;
  return { ...hello, id: members.id };
}

/** Parses the client's hello; undefined if the text is not one. Unknown members are ignored. */
export function parseClientHello(text: string): ClientHello | undefined {
  const members = parseMembers(text);
  const hello = members && readHello(members);
  if (!hello) return undefined;
  if (members.name === undefined) return hello;
  return isText(members.name, PEER_NAME) ? { ...hello, name: members.name } : undefined;
}

/** The value of `pool` in the hellos of a new pool object. */
export function randomPoolId(): string {
  return crypto.getRandomValues(new Uint8Array(8)).toHex();
}

type Members = Readonly<Record<string, unknown>>;

function parseMembers(text: string): Members | undefined {
  if (text.length > MAX_CONTROL_BYTES || new TextEncoder().encode(text).byteLength > MAX_CONTROL_BYTES) {
    return undefined;
  }
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === "object" && value !== null ? value as Members : undefined;
  } catch {
    return undefined; // not JSON
  }
}

function readHello({ npws, window, pool, bundles }: Members): Hello | undefined {
  const isWindow = typeof window === "number" && Number.isInteger(window) && window >= MIN_WINDOW_BYTES &&
    window <= MAX_WINDOW_BYTES;
  if (npws !== 2 || !isWindow || !isText(pool, /^[0-9a-f]{16}$/)) return undefined;
  return bundles === true ? { window, pool, bundles } : { window, pool };
}

function isText(value: unknown, pattern: RegExp): value is string {
  return typeof value === "string" && pattern.test(value);
}

import { type HostPort, isHostname, parseHostPort } from "./host_port.ts";

/** What a client opens a stream for; sent as the stream's metadata. */
export type ClientPurpose =
  /** The control stream, on which it asks for ports. */
  | { readonly kind: "control"; readonly name: string | undefined }
  /** A connection to a target that the server can reach. */
  | { readonly kind: "connect"; readonly target: HostPort };

/** What the server opens a stream for: a connection that arrived at a public port. */
export interface ServerPurpose {
  /** Which of the requested ports, by its place in the client's list. */
  readonly index: number;
  /** Who connected, if the client wants to know. */
  readonly from: string | undefined;
}

/** A line from the client on a control stream: the ports that it wants; without a hostname, the server chooses. */
export interface PortRequest {
  readonly ports: readonly { readonly hostname: string | undefined; readonly port: number }[];
  /** Whether the server should tell who connected: the system has to be asked each time. */
  readonly wantsSources: boolean;
}

/** What the server sends on a control stream. */
export type FromServer =
  | { readonly kind: "listening"; readonly index: number; readonly address: string }
  /** `isFinal`: asking again is pointless. */
  | { readonly kind: "refused"; readonly index: number; readonly reason: string; readonly isFinal: boolean }
  /** Another client connected with the same name. */
  | { readonly kind: "replaced" };

const MAX_PORTS = 1_000;

/** What the part that distinguishes processes leaves of a link name's 64 characters, rounded down. */
export const MAX_NAME_LENGTH = 50;

const encoder = new TextEncoder();
const decoder = new TextDecoder("utf-8", { fatal: true });

export function encodeClientPurpose(purpose: ClientPurpose): Uint8Array {
  return encoder.encode(JSON.stringify(purpose));
}

/** An index alone takes two bytes, big-endian, and no text: encoding and decoding that would take longer than sending it. */
export function encodeServerPurpose(purpose: ServerPurpose): Uint8Array {
  const { index, from } = purpose;
  return from === undefined ? Uint8Array.of(index >> 8, index & 0xff) : encoder.encode(JSON.stringify(purpose));
}

/** Whether a client may have this name. */
export function isName(text: string): boolean {
  return /^[A-Za-z0-9._-]+$/.test(text) && text.length <= MAX_NAME_LENGTH;
}

/** @throws {Error} The metadata is not from a client of this tunnel. */
export function decodeClientPurpose(metadata: Uint8Array): ClientPurpose {
  const { kind, name, target } = parse(decoder.decode(metadata));
  if (kind === "control" && name === undefined) return { kind, name: undefined };
  if (kind === "control" && typeof name === "string" && isName(name)) return { kind, name };
  if (kind === "connect") {
    const { hostname, port } = Object(target);
    if (typeof hostname === "string" && isHostname(hostname) && isPort(port)) {
      return { kind, target: { hostname, port } };
    }
  }
  throw new Error("Cannot serve stream: its metadata is not from this tunnel");
}

/** @throws {Error} The metadata is not from a server of this tunnel. */
export function decodeServerPurpose(metadata: Uint8Array): ServerPurpose {
  const [high, low] = metadata;
  if (metadata.byteLength === 2) return { index: high! << 8 | low!, from: undefined };
  const { index, from } = parse(decoder.decode(metadata));
  if (isIndex(index) && typeof from === "string") return { index, from };
  throw new Error("Cannot serve stream: its metadata is not from this tunnel");
}

/** @throws {Error} The text is not a port request. */
export function decodePortRequest(text: string): PortRequest {
  const { ports, wantsSources } = parse(text);
  if (!Array.isArray(ports) || ports.length > MAX_PORTS || !ports.every(isListenAddress)) throw wrong(text);
  if (typeof wantsSources !== "boolean") throw wrong(text);
  return { ports: ports.map(({ hostname, port }) => ({ hostname, port })), wantsSources };
}

/** @throws {Error} The text is not one of the server's messages. */
export function decodeFromServer(text: string): FromServer {
  const { kind, index, address, reason, isFinal } = parse(text);
  if (kind === "replaced") return { kind };
  if (kind === "listening" && isIndex(index) && isAddress(address)) return { kind, index, address };
  if (kind === "refused" && isIndex(index) && typeof reason === "string" && typeof isFinal === "boolean") {
    return { kind, index, reason, isFinal };
  }
  throw wrong(text);
}

function parse(text: string): Record<string, unknown> {
  try {
    return Object(JSON.parse(text));
  } catch {
    throw wrong(text);
  }
}

function wrong(text: string): Error {
  return new Error(`Cannot understand control message: ${JSON.stringify(text.slice(0, 200))}`);
}

function isListenAddress(value: unknown): boolean {
  const { hostname, port } = Object(value);
  return (hostname === undefined || (typeof hostname === "string" && isHostname(hostname))) &&
    (port === 0 || isPort(port));
}

function isAddress(value: unknown): value is string {
  return typeof value === "string" && parseHostPort(value, 1) !== undefined;
}

function isPort(value: unknown): value is number {
  return isIndex(value) && value >= 1 && value <= 65_535;
}

function isIndex(value: unknown): value is number {
  return Number.isSafeInteger(value) && (value as number) >= 0;
}

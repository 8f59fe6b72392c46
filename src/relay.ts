/**
 * Moves bytes both ways between two connections: a pooled connection and a TCP socket, two pooled connections, or anything else
 * with a readable and a writable byte stream.
 *
 * @example
 * ```ts
 * import type { PoolConnection } from "@npws/pool";
 * import { relay } from "@npws/pool/relay";
 *
 * /** Connects a stream to a local service. *\/
 * export async function forward(connection: PoolConnection, port: number): Promise<void> {
 *   const { aToB, bToA } = await relay(connection, await Deno.connect({ port }));
 *   console.log(`${aToB} bytes in, ${bToA} bytes out`);
 * }
 * ```
 *
 * @module
 */
import { LinkConnection } from "./connection/connection.ts";
import { describe } from "./describe.ts";
import { OptionReader } from "./options/option_reader.ts";
import { ConnectionEnd } from "./relay/connection_end.ts";
import type { HeldEnd } from "./relay/held_end.ts";
import { Joint, type RelayResult } from "./relay/joint.ts";
import { NodeSocketEnd, type RelaySocket } from "./relay/node_socket_end.ts";
import { type DirectSocket, SocketEnd } from "./relay/socket_end.ts";
import { StreamEnd } from "./relay/stream_end.ts";

export type { RelayResult, RelaySocket };

/**
 * One end of a relay.
 *
 * @example
 * ```ts
 * import { type RelayEnd, relay } from "@npws/pool/relay";
 *
 * const request: RelayEnd = { readable: new Blob(["ping"]).stream(), writable: new WritableStream() };
 * const { readable, writable } = new TransformStream<Uint8Array, Uint8Array>(); // sends back what it gets
 * console.log(await relay(request, { readable, writable })); // { aToB: 4, bToA: 4 }
 * ```
 */
export interface RelayEnd {
  /** The bytes that come from this end. */
  readonly readable: ReadableStream<Uint8Array>;
  /** The bytes that go to this end. */
  readonly writable: WritableStream<Uint8Array>;
}

/**
 * Moves bytes both ways until both directions have ended. When one direction ends, writing to the other end is ended too, and
 * the opposite direction stays open (half-close). An error in either direction, or the signal, aborts both ends at once, so
 * that neither takes the data so far for the whole. Buffering is bounded: at most what the ends themselves buffer, or 1 MiB if
 * they buffer more, and one chunk each way.
 *
 * An end is a pair of web streams (a PoolConnection is one), or a node:net or node:tls socket itself, created with
 * `allowHalfOpen: true`. The streams stay locked. Where there is a shorter path than the web streams, the relay bypasses them:
 * for a PoolConnection whose streams nobody has asked for, and for a `Deno.TcpConn`, whose streams would close the whole
 * connection at the end of one direction. An abort resets a node:net socket; a `Deno.TcpConn` cannot be reset, so its peer sees
 * an abort as a normal end.
 *
 * The memory of large chunks from node:net sockets and pooled connections is released as soon as they have been moved, not left
 * to the garbage collector, unless somebody else listens to the socket. A class that extends `net.Socket` and keeps what is
 * written to it must set `keepsNoMemory: false`.
 *
 * When an npws/1 peer closes, both directions end. Everything that it has sent is delivered, and so is its end. Data for the
 * peer that arrives later fails the relay, and so does anything, even just the end, that had not been sent by then. If the
 * streams of such a connection had been asked for before, its close itself fails the relay.
 *
 * @param a One end.
 * @param b The other end.
 * @param options.signal Aborts both ends with its reason.
 * @returns The bytes moved in each direction.
 * @throws {TypeError} An end has no unlocked streams or is a socket that does not allow half-open connections, or the options
 * are wrong: nothing was touched. Or a readable produced something other than a Uint8Array: both ends were aborted.
 * @throws The error that broke one of the ends, or the signal's reason.
 *
 * @example
 * ```ts
 * import { createConnection } from "node:net";
 * import type { PoolConnection } from "@npws/pool";
 * import { relay } from "@npws/pool/relay";
 *
 * /** Joins a stream and a connection to a local service, for a minute at most. *\/
 * export async function forward(connection: PoolConnection, port: number): Promise<void> {
 *   const socket = createConnection({ port, allowHalfOpen: true });
 *   await relay(connection, socket, { signal: AbortSignal.timeout(60_000) });
 * }
 * ```
 */
export function relay(
  a: RelayEnd | RelaySocket,
  b: RelayEnd | RelaySocket,
  options: { signal?: AbortSignal } = {},
): Promise<RelayResult> {
  try {
    const signal = new OptionReader("call relay()", options, { signal: true }).signal("signal");
    checkEnds(a, b);
    const joint = new Joint(hold(a), hold(b), signal);
    joint.begin();
    return joint.over;
  } catch (error) {
    return Promise.reject(error);
  }
}

/** Takes hold of an end, without its web streams if there is a shorter path. */
function hold(end: RelayEnd | RelaySocket): HeldEnd {
  if (isNodeSocket(end)) return new NodeSocketEnd(end);
  if (isDirect(end)) return new SocketEnd(end);
  return LinkConnection.hold(end, (stream) => new ConnectionEnd(stream)) ?? new StreamEnd(end.readable, end.writable);
}

function isDirect(end: object): end is DirectSocket {
  return hasMethods(end, ["read", "write", "closeWrite", "close"]);
}

function isNodeSocket(end: object): end is RelaySocket {
  return hasMethods(end, ["on", "pause", "resume", "write", "end", "destroy"]) && "allowHalfOpen" in end;
}

function hasMethods(end: object, names: readonly string[]): boolean {
  return names.every((name) => typeof (end as Record<string, unknown>)[name] === "function");
}

function checkEnds(a: RelayEnd | RelaySocket, b: RelayEnd | RelaySocket): void {
  if (a === b) throw new TypeError("Cannot relay: both ends are the same");
  const [first, second] = [checkEnd("first", a), checkEnd("second", b)];
  if (!first || !second || (first.readable !== second.readable && first.writable !== second.writable)) return;
  throw new TypeError("Cannot relay: both ends have the same stream");
}

/** Returns an end that is moved by its web streams, and undefined for any other. */
function checkEnd(name: string, end: RelayEnd | RelaySocket | null | undefined): RelayEnd | undefined {
  if (typeof end === "object" && end) {
    if (isNodeSocket(end)) return checkHalfOpen(name, end);
    if (isDirect(end) || LinkConnection.isUnused(end)) return;
  }
  const { readable, writable } = (end ?? {}) as Partial<RelayEnd>;
  if (typeof readable?.getReader !== "function" || typeof writable?.getWriter !== "function") {
    throw new TypeError(`Cannot relay: the ${name} end must have a readable and a writable, got ${describe(end)}`);
  }
  if (readable.locked) throw new TypeError(`Cannot relay: the readable of the ${name} end is locked`);
  if (writable.locked) throw new TypeError(`Cannot relay: the writable of the ${name} end is locked`);
  return { readable, writable };
}

function checkHalfOpen(name: string, { allowHalfOpen }: RelaySocket): undefined {
  if (allowHalfOpen) return;
  const why = "otherwise the end of one direction would end both";
  throw new TypeError(`Cannot relay: the ${name} end must be a socket made with allowHalfOpen: true, ${why}`);
}

/**
 * Moves bytes both ways between two connections: a pooled connection and a TCP socket, two pooled connections, whatever has a
 * readable and a writable stream of bytes.
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
import { Joint } from "./relay/joint.ts";
import { NodeSocketEnd, type RelaySocket } from "./relay/node_socket_end.ts";
import { type DirectSocket, SocketEnd } from "./relay/socket_end.ts";
import { StreamEnd } from "./relay/stream_end.ts";

export type { RelaySocket };

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
  /** What comes from this end. */
  readonly readable: ReadableStream<Uint8Array>;
  /** What goes to this end. */
  readonly writable: WritableStream<Uint8Array>;
}

/**
 * How many bytes a relay has moved.
 *
 * @example
 * ```ts
 * import type { RelayResult } from "@npws/pool/relay";
 *
 * /** A line for a log. *\/
 * export function moved({ aToB, bToA }: RelayResult): string {
 *   return `${aToB} bytes in, ${bToA} bytes out`;
 * }
 * ```
 */
export interface RelayResult {
  /** From the first end to the second. */
  readonly aToB: number;
  /** From the second end to the first. */
  readonly bToA: number;
}

/**
 * Moves bytes both ways until both directions have ended. The end of one direction ends the other end's writing and leaves the
 * opposite direction open (half-close). An error in either direction, or the signal, aborts both ends at once: neither takes
 * what came so far for the whole. What waits is bounded by what the ends themselves buffer, by 1 MiB where they buffer more, and
 * one chunk each way.
 *
 * An end is a pair of web streams, a PoolConnection among them, or a socket of node:net or node:tls itself, made with
 * `allowHalfOpen: true`. Streams stay locked. What has a shorter way than its web streams is moved past them: a PoolConnection
 * whose streams nobody has asked for, and a `Deno.TcpConn`, whose streams would close it whole at the end of one direction. An
 * abort resets a socket of node:net; a `Deno.TcpConn` has no reset, so that its peer sees an abort as an end.
 *
 * The memory of long chunks of sockets of node:net and of pooled connections is given back as soon as they are moved, and not left
 * to the collector, unless somebody else listens to the socket. A class that extends `net.Socket` and keeps what is written to it
 * says so by `keepsNoMemory: false`.
 *
 * A peer of npws/1 that closes ends both directions. All that it has sent arrives, and its end; what comes for it after that
 * breaks the relay, and so does what had not left by then, be it the end. Where the streams of such a connection had been asked for, its close itself breaks the relay.
 *
 * @param a One end.
 * @param b The other end.
 * @param options.signal Aborts both ends with its reason.
 * @returns The bytes moved in each direction.
 * @throws {TypeError} An end has no unlocked streams, is a socket that does not allow half-open connections, or the options are
 * wrong: nothing was touched. A readable gave something else than a Uint8Array: both ends were aborted.
 * @throws What broke one of the ends, or the signal's reason.
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
export async function relay(
  a: RelayEnd | RelaySocket,
  b: RelayEnd | RelaySocket,
  options: { signal?: AbortSignal } = {},
): Promise<RelayResult> {
  const signal = new OptionReader("call relay()", options, { signal: true }).signal("signal");
  checkEnds(a, b);
  const ends = [hold(a), hold(b)] as const;
  try {
    return await join(...ends, signal);
  } catch (error) {
    for (const end of ends) end.abort(error);
    throw error;
  } finally {
    for (const end of ends) end.release();
  }
}

async function join(a: HeldEnd, b: HeldEnd, signal: AbortSignal | undefined): Promise<RelayResult> {
  signal?.throwIfAborted();
  const joint = new Joint(a, b);
  const onAbort = () => joint.fail(signal!.reason);
  signal?.addEventListener("abort", onAbort, { once: true });
  if (signal?.aborted) onAbort(); // by what the ends did when they began
  try {
    await joint.over;
  } finally {
    signal?.removeEventListener("abort", onAbort);
  }
  return { aToB: joint.aToB, bToA: joint.bToA };
}

/** Takes an end past its web streams where it has a shorter way. */
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

/** Returns the streams of an end that is moved by them. */
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
  const why = "else the end of one direction would end both";
  throw new TypeError(`Cannot relay: the ${name} end must be a socket made with allowHalfOpen: true, ${why}`);
}

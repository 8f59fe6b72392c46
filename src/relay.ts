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
    if (a === b) throw new TypeError("Cannot relay: both ends are the same");
    const [first, second] = [checked("first", a), checked("second", b)];
    if (haveSameStream(first, second)) throw new TypeError("Cannot relay: both ends have the same stream");
    const joint = new Joint(hold(first), hold(second), signal);
    joint.begin();
    return joint.over;
  } catch (error) {
    return Promise.reject(error);
  }
}

/** An end that may be moved, and how: by the shortest path that it has. */
type CheckedEnd =
  | { readonly by: "link"; readonly end: LinkConnection }
  | { readonly by: "events"; readonly end: RelaySocket }
  | { readonly by: "reads"; readonly end: DirectSocket }
  | { readonly by: "streams"; readonly end: RelayEnd };

function checked(name: string, end: RelayEnd | RelaySocket | null | undefined): CheckedEnd {
  if (typeof end === "object" && end) {
    if (LinkConnection.isUnused(end)) return { by: "link", end };
    if (isNodeSocket(end)) return { by: "events", end: halfOpen(name, end) };
    if (isDirect(end)) return { by: "reads", end };
  }
  const { readable, writable } = (end ?? {}) as Partial<RelayEnd>;
  if (typeof readable?.getReader !== "function" || typeof writable?.getWriter !== "function") {
    throw new TypeError(`Cannot relay: the ${name} end must have a readable and a writable, got ${describe(end)}`);
  }
  if (readable.locked) throw new TypeError(`Cannot relay: the readable of the ${name} end is locked`);
  if (writable.locked) throw new TypeError(`Cannot relay: the writable of the ${name} end is locked`);
  return { by: "streams", end: { readable, writable } };
}

// The members are named one by one: to read them by computed names is slow, and a tunnel does it for each connection.

function isNodeSocket(end: object): end is RelaySocket {
  const { on, pause, resume, write, end: endWriting, destroy } = end as Partial<RelaySocket>;
  return typeof on === "function" && typeof pause === "function" && typeof resume === "function" &&
    typeof write === "function" && typeof endWriting === "function" && typeof destroy === "function" &&
    "allowHalfOpen" in end;
}

function isDirect(end: object): end is DirectSocket {
  const { read, write, closeWrite, close } = end as Partial<DirectSocket>;
  return typeof read === "function" && typeof write === "function" && typeof closeWrite === "function" &&
    typeof close === "function";
}

function halfOpen(name: string, socket: RelaySocket): RelaySocket {
  if (socket.allowHalfOpen) return socket;
  const why = "otherwise the end of one direction would end both";
  throw new TypeError(`Cannot relay: the ${name} end must be a socket made with allowHalfOpen: true, ${why}`);
}

function haveSameStream(a: CheckedEnd, b: CheckedEnd): boolean {
  return a.by === "streams" && b.by === "streams" &&
    (a.end.readable === b.end.readable || a.end.writable === b.end.writable);
}

/** Takes hold of an end. */
function hold({ by, end }: CheckedEnd): HeldEnd {
  switch (by) {
    case "link":
      return LinkConnection.hold(end, (stream) => new ConnectionEnd(stream));
    case "events":
      return new NodeSocketEnd(end);
    case "reads":
      return new SocketEnd(end);
    case "streams":
      return new StreamEnd(end.readable, end.writable);
  }
}

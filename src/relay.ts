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
import { describe } from "./describe.ts";
import { OptionReader } from "./options/option_reader.ts";
import type { HeldEnd } from "./relay/held_end.ts";
import { type DirectSocket, SocketEnd } from "./relay/socket_end.ts";
import { StreamEnd } from "./relay/stream_end.ts";

/** One end of a relay. */
export interface RelayEnd {
  /** What comes from this end. */
  readonly readable: ReadableStream<Uint8Array>;
  /** What goes to this end. */
  readonly writable: WritableStream<Uint8Array>;
}

/** How many bytes a relay has moved. */
export interface RelayResult {
  /** From the first end to the second. */
  readonly aToB: number;
  /** From the second end to the first. */
  readonly bToA: number;
}

/**
 * Moves bytes both ways until both directions have ended. The end of one direction ends the other end's writing and leaves the
 * opposite direction open (half-close). An error in either direction, or the signal, aborts both ends at once: neither takes
 * what came so far for the whole. What moves is bounded by what the ends themselves buffer, and one chunk each way.
 *
 * Both ends stay locked. A `Deno.TcpConn` is read and written past its streams, which would close it whole at the end
 * of one direction, and is closed in the end; it has no reset, so that its peer sees an abort as an end.
 *
 * @param a One end.
 * @param b The other end.
 * @param options.signal Aborts both ends with its reason.
 * @returns The bytes moved in each direction.
 * @throws {TypeError} An end has no unlocked streams, or the options are wrong: nothing was touched. A readable gave something
 * else than a Uint8Array: both ends were aborted.
 * @throws What broke one of the ends, or the signal's reason.
 */
export async function relay(a: RelayEnd, b: RelayEnd, options: { signal?: AbortSignal } = {}): Promise<RelayResult> {
  const signal = new OptionReader("call relay()", options, { signal: true }).signal("signal");
  checkEnds(a, b);
  const ends = [hold(a), hold(b)] as const;
  const aborted = Promise.withResolvers<never>();
  const onAbort = () => aborted.reject(signal!.reason);
  signal?.addEventListener("abort", onAbort, { once: true });
  try {
    signal?.throwIfAborted();
    const [aToB, bToA] = await Promise.race([moveBothWays(...ends), aborted.promise]);
    return { aToB, bToA };
  } catch (error) {
    for (const end of ends) end.abort(error);
    throw error;
  } finally {
    signal?.removeEventListener("abort", onAbort);
    for (const end of ends) end.release();
  }
}

function moveBothWays(a: HeldEnd, b: HeldEnd): Promise<[number, number, ...unknown[]]> {
  return Promise.all([move(a, b), move(b, a), a.over, b.over]);
}

/** Moves all bytes, then the end. Reads on while what was read is written: else one of the two would always be idle. */
async function move(from: HeldEnd, to: HeldEnd): Promise<number> {
  let moved = 0;
  for (let bytes = await from.read(); bytes; bytes = await from.read()) {
    const room = to.room();
    if (room) await room;
    to.write(bytes);
    moved += bytes.byteLength;
  }
  await to.end();
  return moved;
}

function hold(end: RelayEnd): HeldEnd {
  return isDirect(end) ? new SocketEnd(end) : new StreamEnd(end.readable, end.writable);
}

function isDirect(end: RelayEnd): end is RelayEnd & DirectSocket {
  const { read, write, closeWrite, close } = end as Partial<DirectSocket>;
  return [read, write, closeWrite, close].every((method) => typeof method === "function");
}

function checkEnds(a: RelayEnd, b: RelayEnd): void {
  if (a === b) throw new TypeError("Cannot relay: both ends are the same");
  checkEnd("first", a);
  checkEnd("second", b);
}

function checkEnd(name: string, end: RelayEnd | null | undefined): void {
  if (typeof end === "object" && end && isDirect(end)) return;
  const { readable, writable } = end ?? {};
  if (typeof readable?.getReader !== "function" || typeof writable?.getWriter !== "function") {
    throw new TypeError(`Cannot relay: the ${name} end must have a readable and a writable, got ${describe(end)}`);
  }
  if (readable.locked) throw new TypeError(`Cannot relay: the readable of the ${name} end is locked`);
  if (writable.locked) throw new TypeError(`Cannot relay: the writable of the ${name} end is locked`);
}

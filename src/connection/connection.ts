import { ConnectionResetError } from "../errors.ts";
import { decodeMetadata } from "../link/control.ts";
import { CLOSE_TIMEOUT_MS } from "../link/link.ts";
import { ResetCode, type Stream } from "../link/stream.ts";
import type { NetAddress, TlsInfo } from "../runtime/socket.ts";
import type { Clock } from "../time/clock.ts";
import { ConnectionParts, ignored, type StreamHolder } from "./connection_parts.ts";

/**
 * One byte stream over a pooled link: the counterpart of a net.Conn in the Go package, in the shape of the WinterTC Sockets
 * API. Taking it removed it from the pool. Chunks read are fresh memory that nobody else uses; a chunk written may be reused
 * once its `write()` has resolved. Bytes arrive exactly once and in order, or the stream errors.
 *
 * @example
 * ```ts
 * import type { PoolConnection } from "@npws/pool";
 *
 * /** Sends a request and reads the whole answer. *\/
 * export async function ask(connection: PoolConnection, request: Uint8Array): Promise<Uint8Array> {
 *   await using _ = connection;
 *   const writer = connection.writable.getWriter();
 *   await writer.write(request);
 *   await writer.close(); // the end of the request; the answer still comes
 *   return new Uint8Array(await new Response(connection.readable).arrayBuffer());
 * }
 * ```
 */
export interface PoolConnection extends AsyncDisposable {
  /** The link's id, 8 lower-case hex digits, with which the peer's application fetches the same link by `outgoingGet`. */
  readonly id: string;
  /** The protocol that the link speaks. */
  readonly protocol: 1 | 2;
  /**
   * What the peer sends, as a byte stream (`getReader({ mode: "byob" })` works). Closes at the peer's end of data; errors with
   * ConnectionResetError, ConnectionLostError or ProtocolError. `cancel()` drops what is unread and what is still to come.
   */
  readonly readable: ReadableStream<Uint8Array<ArrayBuffer>>;
  /**
   * What is sent to the peer. Accepts an ArrayBuffer or any view of one, of any size; any other chunk errors it with a
   * TypeError and resets the stream. `write()` resolves when flow control has accepted the bytes. `close()` ends this direction
   * on npws/2, and the whole connection on npws/1. `abort()` tells the peer that the bytes so far are not complete.
   */
  readonly writable: WritableStream<ArrayBufferView | ArrayBuffer>;
  /**
   * Resolves when the peer has confirmed the stream; at once on npws/1. Rejects with the error that broke it before. You need
   * not handle it.
   */
  readonly opened: Promise<void>;
  /** Resolves when both directions have ended; rejects with the error that broke one of them. You need not handle it. */
  readonly closed: Promise<void>;
  /** The metadata that the peer passed to `open()`; empty otherwise. */
  readonly metadata: Uint8Array<ArrayBuffer>;
  /** The client's `name`, if it sent one. */
  readonly peer: string | undefined;
  /** This side's address; undefined where the runtime hides it. */
  readonly localAddress: NetAddress | undefined;
  /** The peer's address, or that of a proxy in front of it; undefined where the runtime hides it. */
  readonly remoteAddress: NetAddress | undefined;
  /** The TLS session; undefined on links without TLS and where the runtime hides it. */
  readonly tls: TlsInfo | undefined;
  /** Bytes that the application has read. */
  readonly bytesRead: number;
  /** Bytes that the application has written. */
  readonly bytesWritten: number;
  /**
   * Sends what was written, ends writing and discards what is unread. Never rejects; takes a second at most. What the peer does
   * not accept within that second is lost: the peer sees a reset, and `closed` rejects. `await writer.close()` waits for as
   * long as it takes.
   */
  close(): Promise<void>;
  /**
   * Ends both directions at once. The peer's readable and writable error, and so do this side's, with `reason`. If the reason
   * is a string it is sent to the peer, up to 1,024 characters on npws/2 and 123 bytes on npws/1; the message of an error is
   * not sent.
   */
  abort(reason?: unknown): void;
}

/** For connections that were confirmed before they were handed out. */
const AT_ONCE = { promise: Promise.resolve() };

/** The connection over a link's stream. Its web streams are created on demand: a relay never needs them. */
export class LinkConnection implements PoolConnection {
  readonly #stream: Stream;
  readonly #clock: Clock;
  readonly #parts: ConnectionParts;
  /** Decoded on demand. */
  #metadata: Uint8Array<ArrayBuffer> | undefined;
  readonly #confirmed: { readonly promise: Promise<unknown> };
  /** Created on demand. */
  #opened: Promise<void> | undefined;
  #closing: Promise<void> | undefined;

  /**
   * Gives the stream of an unused connection to a holder. Its web streams are locked from then on.
   *
   * @throws {TypeError} It is not unused.
   */
  static hold<Holder extends StreamHolder>(unused: LinkConnection, holderOf: (stream: Stream) => Holder): Holder {
    if (!LinkConnection.isUnused(unused)) throw new TypeError("Cannot hold connection: its streams are in use");
    const holder = holderOf(unused.#stream);
    unused.#parts.holder = holder;
    return holder;
  }

  /** Whether this is a connection without a holder whose web streams nobody has asked for. */
  static isUnused(end: object): end is LinkConnection {
    return end instanceof LinkConnection && end.#parts.areUnused;
  }

  /** @param confirmed Its promise settles when the peer has confirmed the stream, or something broke it before. */
  constructor(stream: Stream, clock: Clock, confirmed: { readonly promise: Promise<unknown> } = AT_ONCE) {
    this.#stream = stream;
    this.#clock = clock;
    this.#confirmed = confirmed;
    this.#parts = new ConnectionParts(stream);
    stream.observe(this.#parts);
  }

  get opened(): Promise<void> {
    if (!this.#opened) {
      this.#opened = this.#confirmed.promise.then(() => {});
      this.#opened.catch(ignored);
    }
    return this.#opened;
  }

  get closed(): Promise<void> {
    return this.#parts.closed;
  }

  get id(): string {
    return this.#stream.id;
  }

  get protocol(): 1 | 2 {
    return this.#stream.carrier.protocol;
  }

  get metadata(): Uint8Array<ArrayBuffer> {
    return this.#metadata ??= decodeMetadata(this.#stream.metadata);
  }

  get readable(): ReadableStream<Uint8Array<ArrayBuffer>> {
    return this.#parts.openReadable().readable;
  }

  get writable(): WritableStream<ArrayBufferView | ArrayBuffer> {
    return this.#parts.openWritable().writable;
  }

  get peer(): string | undefined {
    return this.#stream.carrier.peer;
  }

  get localAddress(): NetAddress | undefined {
    return this.#stream.carrier.socket.localAddress;
  }

  get remoteAddress(): NetAddress | undefined {
    return this.#stream.carrier.socket.remoteAddress;
  }

  get tls(): TlsInfo | undefined {
    return this.#stream.carrier.socket.tls;
  }

  get bytesRead(): number {
    return this.#stream.bytesRead;
  }

  get bytesWritten(): number {
    return this.#stream.bytesWritten;
  }

  close(): Promise<void> {
    return this.#closing ??= this.#close();
  }

  abort(reason: unknown = this.#givenUp("abort() was called")): void {
    this.#parts.holder?.fail(reason);
    this.#parts.openWritable().fail(reason);
    this.#parts.openReadable().fail(reason);
    this.#stream.giveUp(ResetCode.application, reason);
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  #close(): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    const timer = this.#clock.setTimeout(() => {
      this.#stream.reset(
        ResetCode.application,
        this.#givenUp("close() gave up before all written data was sent"),
      );
      resolve();
    }, CLOSE_TIMEOUT_MS);
    const settled = () => {
      this.#clock.clearTimeout(timer);
      resolve();
    };
    this.closed.then(settled, settled);
    const givenUp = this.#givenUp("close() was called");
    this.#parts.holder?.fail(givenUp);
    this.#parts.openReadable().end();
    this.#stream.cancel(ResetCode.application, undefined);
    this.#parts.openWritable().end(givenUp, this.#clock);
    return promise;
  }

  #givenUp(why: string): ConnectionResetError {
    return new ConnectionResetError(`Cannot use connection ${this.id}: ${why}`, ResetCode.application, "");
  }
}

import type { StreamHolder } from "../connection.ts";
import { ResetCode, type Stream, type StreamFailure } from "../link/stream.ts";
import type { HeldEnd } from "./held_end.ts";

/** A connection of a pool, past its web streams: its bytes go from the link to the other end without a queue between. */
export class ConnectionEnd implements HeldEnd, StreamHolder {
  readonly over: Promise<void>;
  readonly ownsLastRead = true;
  readonly #over = Promise.withResolvers<void>();
  readonly #stream: Stream;
  readonly #allMoved = Promise.withResolvers<void>();
  #failure: StreamFailure | undefined;
  /** A read that found nothing. */
  #reading: PromiseWithResolvers<Uint8Array | undefined> | undefined;
  #writing: Promise<void> | undefined;

  constructor(stream: Stream) {
    this.#stream = stream;
    this.over = this.#over.promise;
    this.over.catch(ignore); // a relay that is aborted before it begins does not listen
  }

  read(): Promise<Uint8Array | undefined> | Uint8Array | undefined {
    if (this.#failure) return Promise.reject(this.#failure.error);
    const bytes = this.#stream.read();
    if (bytes || this.#stream.receiving !== "open") return bytes;
    this.#reading = Promise.withResolvers();
    return this.#reading.promise;
  }

  /** npws/1: the peer has closed, which ends both directions. */
  refusal(): Promise<never> | undefined {
    const { isClosedByPeer, writeFailure } = this.#stream;
    return isClosedByPeer ? this.#allMoved.promise.then(() => Promise.reject(writeFailure!.error)) : undefined;
  }

  room(): Promise<void> | undefined {
    return this.#writing;
  }

  write(bytes: Uint8Array, taken?: () => void): void {
    const writing = this.#stream.write(bytes);
    if (!writing) return taken?.();
    const written = () => {
      this.#writing = undefined;
      taken?.();
    };
    this.#writing = writing.then(written, written); // what breaks the stream is told by `over`
  }

  async end(): Promise<void> {
    await this.#writing;
    await this.#stream.end();
  }

  allMoved(): void {
    this.#allMoved.resolve();
  }

  abort(reason: unknown): void {
    this.#stream.giveUp(ResetCode.application, reason);
  }

  release(): void {}

  // StreamHolder

  wake(): void {
    if (!this.#reading) return;
    const bytes = this.#stream.read();
    if (bytes || this.#stream.receiving !== "open") this.#settleRead(bytes);
  }

  fail(error: unknown): void {
    this.#failure ??= { error };
    this.#reading?.reject(error);
    this.#reading = undefined;
    this.#over.reject(error);
  }

  settled(): void {
    const { failure, isClosedByPeer } = this.#stream;
    if (!failure) this.#over.resolve();
    else if (!isClosedByPeer) this.fail(failure.error);
    else this.#allMoved.promise.then(() => this.fail(failure.error)); // bytes for it were not sent
  }

  #settleRead(bytes: Uint8Array | undefined): void {
    this.#reading?.resolve(bytes); // reading grants credit, which may have found the socket lost
    this.#reading = undefined;
  }
}

function ignore(): void {}

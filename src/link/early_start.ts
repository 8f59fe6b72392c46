import { type Carrier, Stream, type StreamLink } from "./stream.ts";
import type { TurnBatch } from "./turn_batch.ts";

/** How much may be written before the peer has answered, in bytes. A copy is kept, to be sent again on another link. */
const MAX_EARLY_BYTES = 65_536;

const NO_BYTES = new Uint8Array();

/** What an early start needs from a link. */
export interface EarlyLink extends StreamLink, Carrier {
  /** Sends `fin`, but does not end the stream on this side. */
  sendFin(): void;
  /** The peer has answered, and the whole copy is sent: from here on the stream uses the link directly. */
  earlySent(): void;
}

interface GivenUp {
  readonly code: number;
  readonly reason: string;
}

/**
 * The first bytes of a stream whose take has not been answered yet (docs/wire.md section 2.3, "Early data"). It stands between
 * the stream and the link from the take until the peer has answered and the copy is sent, and moves to another link where the
 * protocol allows it.
 */
export class EarlyStart implements StreamLink {
  /** What the application writes to and reads from. */
  readonly stream: Stream;
  #link: EarlyLink | undefined;
  #copy = NO_BYTES;
  #length = 0;
  /** How much of the copy has been sent on the current link. */
  #sent = 0;
  #isEnded = false;
  #isFinSent = false;
  #isBegun = false;
  /** Created on demand: most early starts begin in the same turn as their call. */
  #begun: PromiseWithResolvers<undefined> | undefined;
  #isConfirmed = false;
  #reset: GivenUp | undefined;
  #stop: GivenUp | undefined;

  constructor(batch: TurnBatch) {
    this.stream = new Stream(this, batch);
  }

  /** Whether the application has written anything that the peer's application may have received. */
  get hasWritten(): boolean {
    return this.#length > 0 || this.#isEnded;
  }

  /** Whether `fin` has been sent on the current link. */
  get isFinSent(): boolean {
    return this.#isFinSent;
  }

  /** Whether it has begun on any link. */
  get isBegun(): boolean {
    return this.#isBegun;
  }

  /** Resolves when it first begins on a link. */
  get begun(): Promise<undefined> {
    if (this.#isBegun) return Promise.resolve(undefined);
    this.#begun ??= Promise.withResolvers();
    return this.#begun.promise;
  }

  /** Whether it has begun on a link that has not answered yet. */
  get isUnderWay(): boolean {
    return this.#link !== undefined && !this.#isConfirmed;
  }

  /** Whether the application has given up both directions. */
  get isGivenUp(): boolean {
    return this.#reset !== undefined && this.#stop !== undefined;
  }

  /** Begins on a link that has just been taken: everything is sent, from the first byte. */
  begin(link: EarlyLink): void {
    this.#isBegun = true;
    this.#begun?.resolve(undefined);
    this.#link = link;
    this.#sent = 0;
    this.#isFinSent = false;
    this.stream.carriedBy(link);
    this.pump();
  }

  /** The peer has answered: the link takes over the stream as soon as the copy is sent. */
  confirm(): void {
    this.#isConfirmed = true;
    const link = this.#link!;
    if (this.#reset && !this.#isFinSent) link.sendReset(this.#reset.code, this.#reset.reason);
    if (this.#stop) link.sendStop(this.#stop.code, this.#stop.reason);
    if (this.#reset) this.dropRest();
    else this.pump();
  }

  /** The take failed: nothing more is sent on its link, which may soon carry another stream. */
  leave(): void {
    this.#link = undefined;
  }

  /** The sending direction was reset after the peer's answer: the rest of the copy must not follow. */
  dropRest(): void {
    this.#sent = this.#length;
    this.#isEnded = false;
    this.pump();
  }

  /** The call has failed: the stream errors, and nothing more is sent for it. */
  abandon(error: unknown): void {
    this.leave();
    this.stream.lost(error);
  }

  /** Sends what credit allows. */
  pump(): void {
    const link = this.#link;
    if (!link || (this.#reset && !this.#isConfirmed)) return;
    while (this.#sent < this.#length) {
      const length = Math.min(this.#length - this.#sent, link.sendable());
      if (length <= 0) return;
      const data = this.#copy.subarray(this.#sent, this.#sent + length);
      this.#sent += length;
      link.sendData(data);
    }
    if (this.#isEnded && !this.#isFinSent) {
      this.#isFinSent = true;
      link.sendFin();
    }
    if (this.#isConfirmed) this.#handOver(link);
  }

  // StreamLink

  sendable(): number {
    return this.#isConfirmed ? 0 : MAX_EARLY_BYTES - this.#length;
  }

  sendData(data: Uint8Array): void {
    this.#grow(this.#length + data.byteLength);
    this.#copy.set(data, this.#length);
    this.#length += data.byteLength;
    this.pump();
  }

  sendEnd(left: () => void): void {
    this.#isEnded = true;
    this.pump();
    left(); // nobody has to wait for the answer to the take
  }

  sendReset(code: number, reason: string): void {
    if (!this.#isConfirmed) this.#reset = { code, reason };
    else {
      this.#link!.sendReset(code, reason);
      this.dropRest();
    }
  }

  sendStop(code: number, reason: string): void {
    if (this.#isConfirmed) return this.#link!.sendStop(code, reason);
    this.#stop = { code, reason };
  }

  consumed(bytes: number): void {
    this.#link?.consumed(bytes);
  }

  streamProgressed(): void {
    if (this.#isConfirmed) this.#link!.streamProgressed();
  }

  #handOver(link: EarlyLink): void {
    this.#link = undefined;
    link.earlySent();
    this.stream.bind(link);
    if (this.#isFinSent) this.stream.sentEnd();
    this.stream.pump();
    link.streamProgressed();
  }

  #grow(length: number): void {
    if (length <= this.#copy.byteLength) return;
    const copy = new Uint8Array(Math.min(MAX_EARLY_BYTES, Math.max(length, 2 * this.#copy.byteLength, 256)));
    copy.set(this.#copy.subarray(0, this.#length));
    this.#copy = copy;
  }
}

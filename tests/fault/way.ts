import type { Socket } from "node:net";

/** The latency and bandwidth of a path. */
export interface WayLimits {
  /** The added latency in each direction, in milliseconds. @default 0 */
  delayMs?: number;
  /** The bandwidth, in bytes per second. @default Infinity */
  bytesPerSecond?: number;
}

/** Where a path breaks on its own. */
export interface Breach {
  /** How many bytes still get through. 0: the path breaks when the first bytes arrive. */
  afterBytes: number;
  /** Called once those bytes have been written. */
  broken(): void;
}

/** One direction of a connection: forwards everything in order, followed by the end, until it is stopped. */
export class Way {
  readonly #from: Socket;
  readonly #to: Socket;
  readonly #delayMs: number;
  readonly #bytesPerSecond: number;
  #breach: Breach | undefined;
  /** Everything in transit, in order. */
  readonly #queue: { readonly dueAt: number; readonly arrive: () => void }[] = [];
  #timer: ReturnType<typeof setTimeout> | undefined;
  /** When the path has taken in everything read so far; nothing more is read until then. */
  #freeAt = 0;
  #gate: ReturnType<typeof setTimeout> | undefined;

  constructor(from: Socket, to: Socket, { delayMs = 0, bytesPerSecond = Infinity }: WayLimits, breach?: Breach) {
    this.#from = from;
    this.#to = to;
    this.#delayMs = delayMs;
    this.#bytesPerSecond = bytesPerSecond;
    this.#breach = breach;
    from.on("data", this.#take).on("end", this.#end);
    to.on("drain", this.#resume).once("close", this.#discard);
  }

  /** Stops forwarding, and drops what is in transit. */
  stop(): void {
    this.#from.off("data", this.#take).off("end", this.#end).pause();
    this.#to.off("drain", this.#resume).off("close", this.#discard);
    this.#clear();
  }

  readonly #take = (chunk: Uint8Array): void => {
    if (this.#to.destroyed) return;
    this.#freeAt = Math.max(this.#freeAt, performance.now()) + chunk.byteLength / this.#bytesPerSecond * 1_000;
    this.#send(() => this.#hand(chunk));
    if (this.#bytesPerSecond < Infinity) this.#closeGate();
  };

  readonly #end = (): void => this.#send(() => this.#to.end());

  readonly #resume = (): void => {
    if (!this.#gate && !this.#to.writableNeedDrain) this.#from.resume();
  };

  /** The receiver is gone. The source must still be read, because an unread socket does not report its end. */
  readonly #discard = (): void => {
    this.#clear();
    this.#from.resume();
  };

  #send(arrive: () => void): void {
    const dueAt = Math.max(this.#freeAt, performance.now()) + this.#delayMs;
    this.#queue.push({ dueAt, arrive });
    if (!this.#timer) this.#arrivals();
  }

  #arrivals = (): void => {
    this.#timer = undefined;
    while (this.#queue.length > 0) {
      const waitMs = this.#queue[0].dueAt - performance.now();
      if (waitMs > 0) return void (this.#timer = setTimeout(this.#arrivals, waitMs));
      this.#queue.shift()!.arrive();
    }
  };

  #closeGate(): void {
    this.#from.pause();
    clearTimeout(this.#gate);
    this.#gate = setTimeout(() => {
      this.#gate = undefined;
      this.#resume();
    }, Math.max(0, this.#freeAt - performance.now()));
  }

  #hand(chunk: Uint8Array): void {
    if (this.#breach && chunk.byteLength >= this.#breach.afterBytes) return this.#break(chunk, this.#breach);
    if (this.#breach) this.#breach.afterBytes -= chunk.byteLength;
    if (!this.#to.write(chunk)) this.#from.pause();
  }

  #break(chunk: Uint8Array, { afterBytes, broken }: Breach): void {
    this.stop();
    if (afterBytes === 0) broken();
    else this.#to.write(chunk.subarray(0, afterBytes), () => broken());
  }

  #clear(): void {
    clearTimeout(this.#timer);
    clearTimeout(this.#gate);
    this.#timer = this.#gate = undefined;
    this.#queue.length = 0;
  }
}

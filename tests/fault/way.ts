import type { Socket } from "node:net";

/** How long and how narrow a way is. */
export interface WayLimits {
  /** How much longer everything takes, in milliseconds. @default 0 */
  delayMs?: number;
  /** How many bytes go through in a second. @default Infinity */
  bytesPerSecond?: number;
}

/** Where a way breaks by itself. */
export interface Breach {
  /** What still gets through. 0: the way breaks when the first bytes come. */
  afterBytes: number;
  /** Called once that has gone out. */
  broken(): void;
}

/** One direction of a connection: hands everything on in its order, and the end behind it, until it is stopped. */
export class Way {
  readonly #from: Socket;
  readonly #to: Socket;
  readonly #delayMs: number;
  readonly #bytesPerSecond: number;
  #breach: Breach | undefined;
  /** What is on its way, in its order. */
  readonly #queue: { readonly dueAt: number; readonly arrive: () => void }[] = [];
  #timer: ReturnType<typeof setTimeout> | undefined;
  /** When all that was read has gone into the way; nothing more is read before. */
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

  /** Hands on nothing more, not what is on its way either. */
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

  /** Nobody is there any more. A socket that is not read would not tell that it has ended. */
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

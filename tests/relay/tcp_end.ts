import type { RelayEnd } from "@npws/pool/relay";
import type { Socket } from "node:net";

/** How much may be buffered in each direction before the other end is held back, in bytes. */
const HIGH_WATER_BYTES = 65_536;

/**
 * A test's end of a TCP connection as two web streams that end separately (half-close), which those of `Duplex.toWeb` do not do
 * on every runtime. Cancelling or aborting one of them resets the connection (RST).
 */
export class TcpEnd implements RelayEnd {
  readonly readable: ReadableStream<Uint8Array>;
  readonly writable: WritableStream<Uint8Array>;
  readonly #socket: Socket;
  #incoming!: ReadableStreamDefaultController<Uint8Array>;
  #outgoing!: WritableStreamDefaultController;
  #isReadOver = false;
  #isWriteOver = false;
  /** What `write` or `close` waits for. */
  #taken: PromiseWithResolvers<void> | undefined;

  /** Takes over a connected socket that was created with `allowHalfOpen`. */
  constructor(socket: Socket) {
    this.#socket = socket;
    socket.setNoDelay(true);
    const strategy = { highWaterMark: HIGH_WATER_BYTES, size: (chunk: Uint8Array) => chunk.byteLength };
    this.readable = new ReadableStream({
      start: (controller) => void (this.#incoming = controller),
      pull: () => void socket.resume(),
      cancel: () => {
        this.#isReadOver = true;
        this.reset();
      },
    }, strategy);
    this.writable = new WritableStream({
      start: (controller) => void (this.#outgoing = controller),
      write: (chunk) => socket.write(chunk) ? undefined : this.#untilTaken(),
      close: () => this.#end(),
      abort: () => {
        this.#isWriteOver = true;
        this.reset();
      },
    }, strategy);
    socket.on("data", (chunk: Uint8Array) => this.#receive(chunk));
    socket.on("end", () => this.#receiveEnd());
    socket.on("drain", () => this.#taken?.resolve());
    socket.on("error", (error) => this.#fail(error));
    socket.on("close", () => {
      if (!this.#isReadOver || !this.#isWriteOver) this.#fail(new Error("Cannot use socket: it is closed"));
    });
  }

  /** Ends both directions at once; the peer sees a reset, not an end. */
  reset(): void {
    this.#socket.resetAndDestroy();
  }

  #receive(chunk: Uint8Array): void {
    if (this.#isReadOver) return;
    this.#incoming.enqueue(chunk);
    if (this.#incoming.desiredSize! <= 0) this.#socket.pause();
  }

  #receiveEnd(): void {
    if (this.#isReadOver) return;
    this.#isReadOver = true;
    this.#incoming.close();
  }

  #untilTaken(): Promise<void> {
    this.#taken = Promise.withResolvers();
    return this.#taken.promise;
  }

  #end(): Promise<void> {
    const ended = this.#untilTaken();
    this.#socket.end(() => {
      this.#isWriteOver = true;
      this.#taken!.resolve();
    });
    return ended;
  }

  /** Breaks what has not ended; an error comes before the close. */
  #fail(error: Error): void {
    if (!this.#isReadOver) this.#incoming.error(error);
    if (!this.#isWriteOver) this.#outgoing.error(error);
    this.#isReadOver = this.#isWriteOver = true;
    this.#taken?.reject(error);
  }
}

import type { PoolConnection } from "@npws/pool";

/** A bidirectional byte pipe, over a pool connection or one of its baselines, so that all measurements share their code. */
export interface Pipe {
  /** Sends one chunk. Returns a promise if the next one must wait. */
  send(bytes: Uint8Array): Promise<void> | undefined;
  /** Resolves when this many bytes have arrived, in any number of pieces. */
  receive(byteLength: number): Promise<void>;
}

/** What a pipe is built on: a connection, a raw WebSocket, or a TCP socket of node:net. */
export type PipeKind = "pool" | "raw" | "tcp";

/** A pipe over a transport that reports how many bytes have arrived. */
export abstract class CountingPipe implements Pipe {
  #receivedBytes = 0;
  #wantedBytes = 0;
  #arrived: (() => void) | undefined;

  abstract send(bytes: Uint8Array): Promise<void> | undefined;

  receive(byteLength: number): Promise<void> {
    return new Promise((resolve) => {
      this.#wantedBytes = byteLength;
      this.#arrived = resolve;
      this.received(0);
    });
  }

  protected received(byteLength: number): void {
    this.#receivedBytes += byteLength;
    if (!this.#arrived || this.#receivedBytes < this.#wantedBytes) return;
    this.#receivedBytes -= this.#wantedBytes;
    this.#arrived();
    this.#arrived = undefined;
  }
}

/** A connection of a pool, used as applications do: through a reader and a writer. */
export class PoolPipe implements Pipe {
  readonly #writer: WritableStreamDefaultWriter<Uint8Array>;
  readonly #reader: ReadableStreamDefaultReader<Uint8Array>;
  /** Bytes that arrived beyond those that were awaited. */
  #surplusBytes = 0;

  constructor({ readable, writable }: PoolConnection) {
    this.#reader = readable.getReader();
    this.#writer = writable.getWriter();
  }

  send(bytes: Uint8Array): Promise<void> {
    return this.#writer.write(bytes);
  }

  async receive(byteLength: number): Promise<void> {
    let left = byteLength - this.#surplusBytes;
    while (left > 0) {
      const { value, done } = await this.#reader.read();
      if (done) throw new Error(`Cannot receive ${byteLength} bytes: the stream ended ${left} bytes early`);
      left -= value.byteLength;
    }
    this.#surplusBytes = -left;
  }
}

// Each operation below starts when the other end signals with one byte that it is ready: npws/1 has no flow control that would
// protect an end that starts late.

/** Sends `byteLength` bytes in chunks, and waits for the byte that confirms that all have arrived. Returns milliseconds. */
export async function sendAll(pipe: Pipe, byteLength: number, chunkBytes: number): Promise<number> {
  const chunk = new Uint8Array(chunkBytes);
  await pipe.receive(1);
  const startedAt = performance.now();
  for (let left = byteLength; left > 0; left -= chunkBytes) {
    const room = pipe.send(chunk);
    if (room) await room;
  }
  await pipe.receive(1);
  return performance.now() - startedAt;
}

/** The other end of `sendAll`. */
export async function receiveAll(pipe: Pipe, byteLength: number): Promise<void> {
  await pipe.send(new Uint8Array(1));
  await pipe.receive(byteLength);
  await pipe.send(new Uint8Array(1));
}

/** The other end of `sendAll`, which also returns the rate once `afterMs` have passed, in MB/s. */
export async function receiveMeasured(
  pipe: Pipe,
  byteLength: number,
  chunkBytes: number,
  afterMs: number,
): Promise<number> {
  await pipe.send(new Uint8Array(1));
  let measuredFrom: { at: number; left: number } | undefined;
  let startedAt: number | undefined;
  for (let left = byteLength; left > 0; left -= chunkBytes) {
    await pipe.receive(chunkBytes);
    const now = performance.now();
    startedAt ??= now;
    if (!measuredFrom && now - startedAt >= afterMs) measuredFrom = { at: now, left };
  }
  await pipe.send(new Uint8Array(1));
  if (!measuredFrom) throw new Error(`Cannot measure: ${byteLength} bytes came within ${afterMs} ms`);
  return measuredFrom.left / (performance.now() - measuredFrom.at) / 1_000;
}

/** Sends requests and waits for the answer to each. Returns milliseconds per round trip. */
export async function ask(pipe: Pipe, times: number, byteLength: number): Promise<number> {
  const request = new Uint8Array(byteLength);
  await pipe.receive(1);
  const startedAt = performance.now();
  for (let i = 0; i < times; i++) {
    await pipe.send(request);
    await pipe.receive(byteLength);
  }
  return (performance.now() - startedAt) / times;
}

/** The other end of `ask`. */
export async function answer(pipe: Pipe, times: number, byteLength: number): Promise<void> {
  const reply = new Uint8Array(byteLength);
  await pipe.send(new Uint8Array(1));
  for (let i = 0; i < times; i++) {
    await pipe.receive(byteLength);
    await pipe.send(reply);
  }
}

import type { ClientPoolOptions, Pool, PoolConnection, PoolStats, ServerPoolOptions } from "@npws/pool";
import { takeCensus } from "../census.ts";
import { exchange, fill, type FillPlan, Flood, readInPieces, type ReadPlan } from "./npws2_bulk.ts";
import { clientPool, hurriedClock, serverPool, TimersByHand } from "./pools.ts";
import { readText, write } from "./streams.ts";

/** The part of an error that is passed to the other process. */
export interface Failure {
  name: string;
  message: string;
  code?: number;
  reason?: string;
}

/** A connection in the other process. */
export interface RemoteStream {
  /** The number that calls refer to it by. */
  stream: number;
  id: string;
  protocol: 1 | 2;
  peer?: string;
  metadata: number[];
}

/** One pool, and the operations that a test in another process may run on it. All arguments and results are JSON. */
export class PoolActor {
  #pool: Pool | undefined;
  readonly #streams: PoolConnection[] = [];
  #flood: Flood | undefined;

  /** Starts a server pool on the port given, or a free one, and returns the port. Its clock can run `hurry` times as fast. */
  async serve(options: ServerPoolOptions, hurry = 1): Promise<number> {
    const pool = serverPool(options, { clock: hurriedClock(hurry) });
    this.#pool = pool;
    await pool.start();
    return pool.address.port;
  }

  /** Starts a client pool and waits for its first idle link. If time stands still, none of its timers ever fires. */
  async dial(options: ClientPoolOptions, timeStandsStill = false): Promise<void> {
    this.#pool = clientPool(options, timeStandsStill ? { clock: new TimersByHand() } : {});
    await this.#pool.start();
  }

  stats(): PoolStats {
    return this.pool.stats();
  }

  /** How much memory of the process is reachable, in bytes. */
  async liveBytes(): Promise<number> {
    return (await takeCensus()).liveBytes;
  }

  close(drainMs?: number): Promise<void> {
    return this.pool.close({ drainMs });
  }

  // Streams.

  async incomingGet(): Promise<RemoteStream> {
    return this.#keep(await this.pool.incomingGet());
  }

  async outgoingGet(id: string): Promise<RemoteStream> {
    return this.#keep(await this.pool.outgoingGet(id));
  }

  async open(metadata: number[] = []): Promise<RemoteStream> {
    return this.#keep(await this.pool.open({ metadata: Uint8Array.from(metadata) }));
  }

  async accept(): Promise<RemoteStream> {
    return this.#keep(await this.pool.accept());
  }

  /** From now on, sends everything back that arrives on streams opened by the peer. */
  echo(): void {
    this.eachAccepted(({ readable, writable }) => readable.pipeTo(writable));
  }

  /** Opens `count` streams, `atATime` of them at a time, and checks that each returns what was written. */
  async openMany(count: number, atATime: number): Promise<void> {
    let left = count;
    const open = async () => {
      while (left-- > 0) await exchange(await this.pool.open(), crypto.randomUUID());
    };
    await Promise.all(Array.from({ length: atATime }, open));
  }

  // What an application may do with a stream.

  write(stream: number, text: string): Promise<Failure | undefined> {
    return failureOf(write(this.#streams[stream], text));
  }

  endWriting(stream: number): Promise<Failure | undefined> {
    return failureOf(this.#streams[stream].writable.close());
  }

  abortWriting(stream: number, reason: string): Promise<Failure | undefined> {
    return failureOf(this.#streams[stream].writable.abort(reason));
  }

  /** Reads to the end. */
  async read(stream: number): Promise<string | Failure> {
    try {
      return await readText(this.#streams[stream]);
    } catch (error) {
      return describe(error);
    }
  }

  cancel(stream: number, reason: string): Promise<Failure | undefined> {
    return failureOf(this.#streams[stream].readable.cancel(reason));
  }

  abort(stream: number, reason: string): void {
    this.#streams[stream].abort(reason);
  }

  closeStream(stream: number): Promise<void> {
    return this.#streams[stream].close();
  }

  /** How the two directions ended. */
  closed(stream: number): Promise<Failure | undefined> {
    return failureOf(this.#streams[stream].closed);
  }

  /** Writes until that fails, and returns the failure. */
  async flood(stream: number): Promise<Failure> {
    return describe(await (this.#flood = new Flood(this.#streams[stream])).ended);
  }

  /** How much of the latest flood flow control has accepted. */
  floodedBytes(): number {
    return this.#flood?.acceptedBytes ?? 0;
  }

  /** Writes according to the plan and ends the direction. Resolves with the SHA-256 of the content. */
  fill(stream: number, plan: FillPlan): Promise<string> {
    return fill(this.#streams[stream], plan);
  }

  /** Reads to the end according to the plan. Resolves with the SHA-256 of the content. */
  readInPieces(stream: number, plan: ReadPlan): Promise<string> {
    return readInPieces(this.#streams[stream], plan);
  }

  protected get pool(): Pool {
    if (!this.#pool) throw new Error("Cannot use the pool: none was started");
    return this.#pool;
  }

  protected async eachAccepted(handle: (connection: PoolConnection) => Promise<unknown>): Promise<void> {
    for await (const connection of this.pool.accepted()) handle(connection).catch(() => {});
  }

  #keep(connection: PoolConnection): RemoteStream {
    const { id, protocol, peer, metadata } = connection;
    return { stream: this.#streams.push(connection) - 1, id, protocol, peer, metadata: [...metadata] };
  }
}

/** How a promise without a value failed, or undefined if it did not. */
async function failureOf(promise: Promise<unknown>): Promise<Failure | undefined> {
  try {
    await promise;
    return undefined;
  } catch (error) {
    return describe(error);
  }
}

function describe(error: unknown): Failure {
  if (!(error instanceof Error)) return { name: typeof error, message: String(error) };
  const { name, message, code, reason } = error as Error & { code?: number; reason?: string };
  return { name, message, code, reason };
}

import type { ClientPool, PoolConnection } from "@npws/pool";
import { exchange } from "../contract/npws2_bulk.ts";

/** How many streams are open at a time. */
const WORKERS = 8;

/** Opens streams continuously, several at a time, and has their bytes echoed, until it is disposed. */
export class Load implements AsyncDisposable {
  /** The errors that calls for a stream rejected with. */
  readonly failedTakes: unknown[] = [];
  /** The errors that broke streams. */
  readonly broken: unknown[] = [];
  readonly #pool: ClientPool;
  readonly #workers: Promise<void>[];
  readonly #waiting = new Set<() => void>();
  #exchanged = 0;
  #isOver = false;

  constructor(pool: ClientPool) {
    this.#pool = pool;
    this.#workers = Array.from({ length: WORKERS }, () => this.#work());
  }

  /** Waits until `count` streams opened from now on have had their bytes echoed. */
  async exchanged(count: number): Promise<void> {
    const goal = this.#exchanged + WORKERS + count; // those in progress may have been opened before
    while (this.#exchanged < goal) await new Promise<void>((resolve) => this.#waiting.add(resolve));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#isOver = true;
    await Promise.all(this.#workers);
  }

  async #work(): Promise<void> {
    while (!this.#isOver) {
      const connection = await this.#take();
      if (connection) await this.#exchange(connection);
    }
  }

  async #take(): Promise<PoolConnection | undefined> {
    try {
      return await this.#pool.open();
    } catch (error) {
      this.failedTakes.push(error);
    }
  }

  async #exchange(connection: PoolConnection): Promise<void> {
    try {
      await exchange(connection, crypto.randomUUID());
    } catch (error) {
      return void this.broken.push(error);
    }
    this.#exchanged++;
    for (const resolve of this.#waiting) resolve();
    this.#waiting.clear();
  }
}

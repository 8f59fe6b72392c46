import type { ClientPool, PoolConnection } from "@npws/pool";
import { exchange } from "../contract/npws2_bulk.ts";

/** How many streams are open at a time. */
const WORKERS = 8;

/** Opens one stream after the other and has its bytes echoed, several at a time, until it is disposed. */
export class Load implements AsyncDisposable {
  /** What calls for a stream were rejected with. */
  readonly failedTakes: unknown[] = [];
  /** What streams broke with. */
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

  /** Waits for so many streams that are opened from now on and bring their bytes back. */
  async exchanged(count: number): Promise<void> {
    const goal = this.#exchanged + WORKERS + count; // those under way may have been opened before
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

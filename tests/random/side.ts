import { assert, assertEquals } from "@std/assert";
import { ClientPool } from "../../src/client_pool.ts";
import type { PoolConnection } from "../../src/connection.ts";
import { PoolClosedError, PoolTimeoutError } from "../../src/errors.ts";
import type { ServerPool } from "../../src/server_pool.ts";
import type { Faults } from "./faults.ts";
import { User } from "./user.ts";

/** A call for a link that is not settled. */
interface Call {
  /** Undefined: any link. */
  readonly id: string | undefined;
  readonly aborter: AbortController;
}

/** What a pool must keep to, whatever happens. */
export interface SideLimits {
  readonly maxIdle: number;
  readonly maxLinks: number;
  readonly maxDialing: number;
}

/** One pool, and what an onlooker knows of it: from its events, and from what its calls came to. */
export class Side {
  readonly name: string;
  readonly pool: ClientPool | ServerPool;
  readonly calls = new Set<Call>();
  /** Who has a link, by its id; also when it is over. */
  readonly users = new Map<string, User>();
  /** Links that were opened and not closed. */
  readonly openIds = new Set<string>();
  /** The first close of the pool, and when it is to be over. */
  closing: { readonly promise: Promise<void>; readonly until: number } | undefined;
  /** Told of each connection that a call for any link got. */
  onTaken: (id: string) => void = () => {};
  readonly #limits: SideLimits;
  readonly #faults: Faults;
  readonly #counts = { dialed: 0, taken: 0, timeouts: 0, aborts: 0 };

  constructor(name: string, pool: ClientPool | ServerPool, limits: SideLimits, faults: Faults) {
    this.name = name;
    this.pool = pool;
    this.#limits = limits;
    this.#faults = faults;
    pool.addEventListener("linkopen", ({ detail: { id } }) => faults.catch(() => this.#opened(id)));
    pool.addEventListener("linkclose", ({ detail: { id } }) => faults.catch(() => this.#closed(id)));
  }

  get isServer(): boolean {
    return !(this.pool instanceof ClientPool);
  }

  /** Users whose streams are not over. */
  get busy(): User[] {
    return [...this.users.values()].filter(({ isSettled }) => !isSettled);
  }

  /** Calls for any link, or for the one with this id. */
  get(timeoutMs: number, id?: string): void {
    const call = { id, aborter: new AbortController() };
    const options = { timeoutMs, signal: call.aborter.signal };
    this.calls.add(call);
    const settled = id === undefined ? this.pool.incomingGet(options) : this.pool.outgoingGet(id, options);
    settled.finally(() => this.calls.delete(call)).then(
      (connection) => this.#faults.catch(() => this.#got(connection, id)),
      (error) => this.#faults.catch(() => this.#failed(error)),
    );
  }

  /** Looks at all that is true at every instant. */
  check(): void {
    const { maxIdle, maxLinks, maxDialing } = this.#limits;
    const stats = this.pool.stats();
    const { idle, inUse, links, dialing, waiting } = stats;
    const closing = links - idle - inUse;
    assert(closing >= 0, `${this.name}: ${links} links, but ${idle} idle and ${inUse} in use`);
    assertEquals(links, this.openIds.size, `${this.name}: links that were opened and not closed`);
    assert(idle <= maxIdle, `${this.name}: ${idle} idle links`);
    assert(links - closing <= maxLinks, `${this.name}: ${links} links`);
    assert(dialing >= 0 && dialing <= maxDialing, `${this.name}: ${dialing} dials at a time`);
    assertEquals(waiting, this.calls.size, `${this.name}: calls that wait`);
    const { dialed, taken, timeouts, aborts } = stats;
    assertEquals({ dialed, taken, timeouts, aborts }, this.#counts, `${this.name}: counters`);
    const isAnyAwaited = [...this.calls].some(({ id }) => id === undefined);
    assert(!isAnyAwaited || idle === 0, `${this.name}: a call waits although ${idle} links are idle`);
  }

  /** Looks at what is true when nothing is under way: each open link is idle or has one user. */
  checkAtRest(): void {
    this.check();
    const free = [...this.openIds].filter((id) => !this.users.has(id));
    const { idle, inUse } = this.pool.stats();
    assertEquals(
      { idle, inUse },
      { idle: free.length, inUse: this.openIds.size - free.length },
      `${this.name}: at rest`,
    );
    for (const { id } of this.calls) assert(!free.includes(id!), `${this.name}: a call waits for ${id}, which is idle`);
  }

  #opened(id: string): void {
    assert(!this.openIds.has(id), `${this.name}: two links are open with the id ${id}`);
    this.openIds.add(id);
    this.#counts.dialed++;
  }

  #closed(id: string): void {
    assert(this.openIds.delete(id), `${this.name}: link ${id} was closed and is not open`);
  }

  #got(connection: PoolConnection, asked: string | undefined): void {
    const { id } = connection;
    this.#counts.taken++;
    assert(!this.users.has(id), `${this.name}: link ${id} was handed out twice`);
    this.users.set(id, new User(connection, this.isServer, this.#faults));
    if (asked === undefined) this.onTaken(id);
    else assertEquals(id, asked);
  }

  #failed(error: unknown): void {
    if (error instanceof PoolTimeoutError) this.#counts.timeouts++;
    else if (error instanceof DOMException && error.name === "AbortError") this.#counts.aborts++;
    else assert(error instanceof PoolClosedError, `${this.name}: ${error}`);
  }
}

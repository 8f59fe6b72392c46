import { assert, assertEquals } from "@std/assert";
import type { PoolConnection } from "../../src/connection/connection.ts";
import { ConnectionLostError, NotSupportedError, PoolClosedError, PoolTimeoutError } from "../../src/errors.ts";
import { ClientPool } from "../../src/pool/client_pool.ts";
import type { ServerPool } from "../../src/pool/server_pool.ts";
import type { Faults } from "./faults.ts";
import { User } from "./user.ts";

/** What a call asks for. */
export interface Request {
  readonly kind: "any" | "id" | "open" | "accept";
  readonly id?: string;
  readonly peer?: string;
  readonly early?: boolean;
  /** The name that an opened stream carries. */
  readonly metadata?: Uint8Array;
}

/** A call that is not settled. Early ones settle when the peer has answered. */
interface Call extends Request {
  readonly aborter: AbortController;
}

/** The limits that a pool must observe, whatever happens. */
export interface SideLimits {
  readonly maxIdle: number;
  readonly maxLinks: number;
  readonly maxDialing: number;
}

/** One pool, and what can be observed of it: its events, and the outcomes of its calls. */
export class Side {
  readonly name: string;
  readonly pool: ClientPool | ServerPool;
  readonly protocol: 1 | "auto";
  readonly calls = new Set<Call>();
  /** The present and past users of a stream, by its name, which both ends know: the link's id or the metadata of `open()`. */
  readonly users = new Map<string, User[]>();
  /** Links of npws/1 that were opened and not closed. (The ids of npws/2 links change.) */
  readonly openIds = new Set<string>();
  /** The first close of the pool, and when it must be over. */
  closing: { readonly promise: Promise<void>; readonly until: number } | undefined;
  /** Called with each connection that a call for any link got. */
  onTaken: (connection: PoolConnection) => void = () => {};
  readonly #limits: SideLimits;
  readonly #faults: Faults;
  readonly #counts = { dialed: 0, taken: 0, timeouts: 0, aborts: 0 };
  /** Links of either protocol that were opened and not closed. */
  #open = 0;
  /** Users of a stream that was later handed out again. */
  readonly #replaced: { readonly name: string; readonly user: User }[] = [];

  constructor(name: string, pool: Side["pool"], protocol: Side["protocol"], limits: SideLimits, faults: Faults) {
    this.name = name;
    this.pool = pool;
    this.protocol = protocol;
    this.#limits = limits;
    this.#faults = faults;
    pool.addEventListener("linkopen", ({ detail: { id, protocol } }) => faults.catch(() => this.#opened(id, protocol)));
    pool.addEventListener("linkclose", ({ detail: { id } }) => {
      this.openIds.delete(id);
      this.#open--;
    });
  }

  get isServer(): boolean {
    return !(this.pool instanceof ClientPool);
  }

  /** Makes a call. */
  call(request: Request, timeoutMs: number): void {
    const call = { ...request, aborter: new AbortController() };
    this.calls.add(call);
    this.#make(call, { timeoutMs, signal: call.aborter.signal }).then((connection) => {
      this.#faults.catch(() => this.#got(connection, call));
      return connection.opened;
    }).catch((error) => this.#faults.catch(() => this.#failed(error, call))).finally(() => this.calls.delete(call));
  }

  /** Checks everything that must hold at every instant. */
  check(): void {
    const { maxIdle, maxLinks, maxDialing } = this.#limits;
    const stats = this.pool.stats();
    const { idle, inUse, links, dialing, waiting } = stats;
    const closing = links - idle - inUse;
    assert(closing >= 0, `${this.name}: ${links} links, but ${idle} idle and ${inUse} in use`);
    assertEquals(links, this.#open, `${this.name}: links that were opened and not closed`);
    assert(idle <= maxIdle, `${this.name}: ${idle} idle links`);
    assert(links - closing <= maxLinks, `${this.name}: ${links} links`);
    assert(dialing >= 0 && dialing <= maxDialing, `${this.name}: ${dialing} dials at a time`);
    assertEquals(waiting, this.calls.size, `${this.name}: calls that wait`);
    const { dialed, taken, timeouts, aborts } = stats;
    assertEquals({ dialed, taken, timeouts, aborts }, this.#counts, `${this.name}: counters`);
    if (this.openIds.size === links) this.#checkAnyWaits(idle);
    this.#checkReplaced();
  }

  /** Checks everything that must hold while nothing is in flight. */
  checkAtRest(): void {
    this.check();
    const { idle, inUse, links } = this.pool.stats();
    this.#checkAnyWaits(idle);
    if (this.openIds.size < links) return;
    const free = [...this.openIds].filter((id) => !this.users.has(id));
    assertEquals(
      { idle, inUse },
      { idle: free.length, inUse: links - free.length },
      `${this.name}: links without users`,
    );
    for (const { id } of this.calls) assert(!free.includes(id!), `${this.name}: a call waits for ${id}, which is idle`);
  }

  #make({ kind, id, peer, early, metadata }: Request, patience: object): Promise<PoolConnection> {
    switch (kind) {
      case "any":
        return this.pool.incomingGet({ ...patience, peer, early });
      case "id":
        return this.pool.outgoingGet(id!, { ...patience, early });
      case "open":
        return this.pool.open({ ...patience, peer, early, metadata });
      case "accept":
        return this.pool.accept(patience);
    }
  }

  /** Asserts that no call waits for any link while one is idle. On npws/2, that can happen while an answer is in flight. */
  #checkAnyWaits(idle: number): void {
    const isAwaited = [...this.calls].some(({ kind, peer }) => kind === "any" && peer === undefined);
    assert(!isAwaited || idle === 0, `${this.name}: a call waits although ${idle} links are idle`);
  }

  /**
   * Asserts that no stream was handed out twice, except after an early start that failed. Its user learns of the failure in the
   * turn in which the link goes to the next user, and possibly after that one gets it.
   */
  #checkReplaced(): void {
    for (const { name, user } of this.#replaced.splice(0)) {
      assert(user.isVoid, `${this.name}: stream ${name} was handed out twice`);
    }
  }

  #opened(id: string, protocol: 1 | 2): void {
    this.#open++;
    this.#counts.dialed++;
    if (protocol === 2) return;
    assert(!this.openIds.has(id), `${this.name}: two links are open with the id ${id}`);
    this.openIds.add(id);
  }

  #got(connection: PoolConnection, { kind, id, metadata = connection.metadata }: Call): void {
    this.#counts.taken++;
    const name = metadata.length > 0 ? metadata.toHex() : connection.id;
    const former = this.users.get(name) ?? [];
    // An open whose link was given up may still have reached the other side: delivery is at least once.
    if (kind !== "accept") { for (const user of former) this.#replaced.push({ name, user }); }
    this.users.set(name, [...former, new User(connection, name, this.isServer, this.#faults)]);
    if (kind === "id") assertEquals(connection.id, id);
    if (kind === "any") this.onTaken(connection);
  }

  #failed(error: unknown, { kind, early }: Call): void {
    if (error instanceof PoolTimeoutError) this.#counts.timeouts++;
    else if (error instanceof DOMException && error.name === "AbortError") this.#counts.aborts++;
    else if (error instanceof NotSupportedError) assertEquals(kind, "open");
    else if (error instanceof ConnectionLostError) assert(early, `${this.name}: ${error.message}`);
    else assert(error instanceof PoolClosedError, `${this.name}: ${error}`);
  }
}

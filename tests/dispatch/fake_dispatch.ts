import type { PoolConnection } from "../../src/connection/connection.ts";
import type { CallSettings, Want } from "../../src/dispatch/call.ts";
import { Dispatcher, type DispatcherHost } from "../../src/dispatch/dispatcher.ts";
import type { EarlyLink, EarlyStart } from "../../src/link/early_start.ts";
import type { Link, ReservedLink } from "../../src/link/link.ts";
import { Stream } from "../../src/link/stream.ts";
import type { Take, TakeFailure } from "../../src/link/take.ts";
import { TurnBatch } from "../../src/link/turn_batch.ts";
import { Counters } from "../../src/stats.ts";
import { ManualClock } from "../fakes.ts";

/** A dispatcher, and what it asks of its pool. */
export class FakeDispatch {
  readonly clock = new ManualClock();
  readonly counters = new Counters();
  readonly dispatcher: Dispatcher;
  /** How often a call began to wait for a link. */
  demands = 0;
  readonly #batch = new TurnBatch(this.clock);

  constructor({ maxWaiters = 100, acceptBacklog = 2 } = {}) {
    const host: DispatcherHost = {
      clock: this.clock,
      batch: this.#batch,
      counters: this.counters,
      stats: () =>
        this.counters.snapshot({
          idle: this.dispatcher.store.size,
          inUse: 0,
          dialing: 0,
          waiting: this.dispatcher.waiting,
          capacity: 1,
          intervalMs: 0,
          links: 0,
        }),
      hasPeer: () => false,
      obstacle: () => undefined,
      callWaits: () => this.demands++,
    };
    this.dispatcher = new Dispatcher(host, {
      maxWaiters,
      acceptBacklog,
      receiveLimitBytes: 1_024,
    });
  }

  /** A call and its outcome: "waiting", the id of its connection, or the name of its error. */
  call(want: Want, patience: Partial<CallSettings> = {}): FakeCall {
    return new FakeCall(
      Promise.try(() =>
        this.dispatcher.get(want, { timeoutMs: Infinity, signal: undefined, early: false, ...patience })
      ),
    );
  }

  any(patience?: Partial<CallSettings>, peer?: string): FakeCall {
    return this.call({ kind: "any", peer }, patience);
  }

  byId(id: string, patience?: Partial<CallSettings>): FakeCall {
    return this.call({ kind: "id", id }, patience);
  }

  open(patience?: Partial<CallSettings>, metadata = ""): FakeCall {
    return this.call({ kind: "open", peer: undefined, metadata }, patience);
  }

  accept(patience?: Partial<CallSettings>): FakeCall {
    return this.call({ kind: "accept" }, patience);
  }

  /** An idle link of npws/2. */
  link(id: string, facts: Partial<Pick<Link, "protocol" | "peer" | "peerPool">> = {}): FakeLink {
    const link = new FakeLink(id, this.#batch, facts);
    link.onTake = () => this.lose(link);
    link.onRefusal = () => this.dispatcher.offer(link as unknown as Link);
    this.dispatcher.offer(link as unknown as Link);
    return link;
  }

  /** A link is no longer idle, and its pool tells the store. */
  lose(link: FakeLink): void {
    this.dispatcher.store.remove(link as unknown as Link);
  }

  /** The peer takes an idle link. */
  peerTakes(link: FakeLink, kind: Take["kind"]): void {
    this.lose(link);
    this.dispatcher.reserved(link, link.stream, kind);
  }

  /** Lets all pending promises settle. */
  settle(): Promise<void> {
    return this.clock.advance(0);
  }
}

/** A call for a connection. */
export class FakeCall {
  state = "waiting";
  connection: PoolConnection | undefined;
  error: unknown;

  constructor(promise: Promise<PoolConnection>) {
    promise.then((connection) => {
      this.connection = connection;
      this.state = connection.id;
    }, (error) => {
      this.error = error;
      this.state = error.name;
    });
  }
}

/** A link whose takes the test answers. One of npws/1 answers at once, like the real one. */
export class FakeLink implements EarlyLink, ReservedLink {
  readonly id: string;
  readonly protocol: 1 | 2;
  readonly peer: string | undefined;
  readonly peerPool: string | undefined;
  readonly socket = {} as Link["socket"];
  readonly stream: Stream;
  /** The takes of this link, the latest one last. */
  readonly takes: Take[] = [];
  onTake = (): void => {};
  onRefusal = (): void => {};
  /** What else the link was asked to do. */
  readonly told: string[] = [];

  constructor(id: string, batch: TurnBatch, facts: Partial<Pick<Link, "protocol" | "peer" | "peerPool">>) {
    this.id = id;
    this.protocol = facts.protocol ?? 2;
    this.peer = facts.peer;
    this.peerPool = facts.peerPool ?? "peer";
    this.stream = new Stream(this, batch);
    this.stream.bind(this);
  }

  take(take: Take): void {
    this.onTake();
    this.takes.push(take);
    take.early?.begin(this);
    if (this.protocol === 1) take.granted(this, this.stream);
  }

  takeNow(): Stream | undefined {
    if (this.protocol === 2) return undefined;
    this.onTake();
    return this.stream;
  }

  /** The peer accepts the last take. */
  grant(): void {
    const take = this.takes.at(-1)!;
    take.granted(this, take.early?.stream ?? this.stream);
    take.early?.confirm();
  }

  fail(why: TakeFailure): void {
    const take = this.takes.at(-1)!;
    take.early?.leave();
    take.failed(this, why);
    if (why === "refused") this.onRefusal();
  }

  handBack(): void {
    this.told.push("handed back");
  }

  fetched(): void {
    this.told.push("fetched");
  }

  neverFetched(): void {
    this.told.push("never fetched");
  }

  abort(): void {
    this.told.push("aborted");
  }

  adopt(early: EarlyStart): void {
    this.told.push("adopted");
    early.begin(this);
    early.confirm();
  }

  sendable(): number {
    return Infinity;
  }

  sendData(data: Uint8Array): void {
    this.told.push(`data ${[...data]}`);
  }

  sendEnd(left: () => void): void {
    left();
  }

  sendFin(): void {
    this.told.push("fin");
  }

  sendReset(): void {}
  sendStop(): void {}
  consumed(): void {}
  streamProgressed(): void {}
  earlySent(): void {}
}

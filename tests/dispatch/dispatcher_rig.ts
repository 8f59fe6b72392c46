import type { PoolConnection } from "../../src/connection/connection.ts";
import type { CallSettings, Want } from "../../src/dispatch/call.ts";
import { Dispatcher } from "../../src/dispatch/dispatcher.ts";
import type { Link, LinkState, ReservedLink } from "../../src/link/link.ts";
import type { Role } from "../../src/link/metered_link.ts";
import { Npws2Link } from "../../src/link/npws2.ts";
import type { Stream } from "../../src/link/stream.ts";
import type { TakeKind } from "../../src/link/take.ts";
import { Counters } from "../../src/stats.ts";
import { DeadlineQueue } from "../../src/time/deadline_queue.ts";
import { bundleOf } from "../link/bundle_bytes.ts";
import { FakeLinkHost } from "../link/fake_link_host.ts";
import { RecordingSocket, type SocketWatcher } from "../link/recording_socket.ts";
import { WatchedLink } from "../link/watched_link.ts";

/** How long a peer may take to answer a take. */
export const PROBE_MS = 1_000;

/** The window of a peer's hello. */
export const PEER_WINDOW = 100_000;

/** What is known about a peer. */
export interface PeerOptions {
  /** The id of the peer's pool. */
  readonly pool?: string;
  /** The client's name. */
  readonly name?: string;
  /** Whether it takes bundles and sends them. @default false */
  readonly bundles?: boolean;
  /** Observes each message that the link sends or receives. */
  readonly watcher?: SocketWatcher;
}

/** A link, and the peer at its other end. */
export interface RiggedLink {
  readonly link: Npws2Link;
  readonly socket: RecordingSocket;
  /** Removes and returns what the link sent since the last call. */
  sent(): string[];
  /** The peer sends texts. */
  says(...texts: string[]): void;
  /** The peer sends data. */
  sends(data: Uint8Array<ArrayBuffer>): void;
}

/** A dispatcher with links whose peers the test plays: a pool without dialing and admission. */
export class DispatcherRig extends FakeLinkHost {
  readonly counters = new Counters();
  readonly dispatcher: Dispatcher;
  readonly #role: Role;
  readonly #probes: DeadlineQueue<Link>;
  #links = 0;

  constructor(role: Role, { acceptBacklog = 2, maxWaiters = 10 } = {}) {
    super(role);
    this.#role = role;
    this.#probes = new DeadlineQueue(this.clock, PROBE_MS, (link) => link.terminate());
    const gauges = { idle: 0, inUse: 0, dialing: 0, waiting: 0, capacity: 0, intervalMs: 0, links: 0 };
    const { clock, batch, counters } = this;
    this.dispatcher = new Dispatcher({
      clock,
      batch,
      counters,
      stats: () => counters.snapshot(gauges),
      hasPeer: () => false,
      obstacle: () => undefined,
      callWaits: () => this.told.push("call waits"),
    }, { maxWaiters, acceptBacklog, receiveLimitBytes: this.limits.receiveLimitBytes });
  }

  /** Opens a link. The first one has the id 00000000, the next one 00000001, and so on. */
  addLink({ pool = "aaaaaaaaaaaaaaaa", name, bundles, watcher }: PeerOptions = {}): RiggedLink {
    const socket = new RecordingSocket();
    socket.takesBundles = bundles === true;
    const hello = { window: PEER_WINDOW, pool, name, bundles };
    const link = watcher
      ? new WatchedLink(watcher, socket, this, this.#role, this.#nextLinkId(), hello)
      : new Npws2Link(socket, this, this.#role, this.#nextLinkId(), hello);
    if (watcher) socket.watch({ sent() {}, received() {}, ended: () => watcher.ended() });
    socket.handler = link;
    this.dispatcher.offer(link);
    return {
      link,
      socket,
      sent: () => socket.sent.splice(0),
      says(...texts) {
        for (const text of texts) socket.receive(text);
      },
      sends: (data) => socket.receive(bundles ? bundleOf(data) : data),
    };
  }

  #nextLinkId(): string {
    return `0000000${this.#links++}`;
  }

  /** A call of the application. Its failure need not be handled. */
  get(want: Want, patience: Partial<CallSettings> = {}): Promise<PoolConnection> {
    const settings = { timeoutMs: Infinity, signal: undefined, early: false, ...patience };
    const call = Promise.try(() => this.dispatcher.get(want, settings));
    call.catch(() => {});
    return call;
  }

  incomingGet(patience?: Partial<CallSettings> & { peer?: string }): Promise<PoolConnection> {
    return this.get({ kind: "any", peer: patience?.peer }, patience);
  }

  outgoingGet(id: string, patience?: Partial<CallSettings>): Promise<PoolConnection> {
    return this.get({ kind: "id", id }, patience);
  }

  open(patience?: Partial<CallSettings> & { peer?: string; metadata?: string }): Promise<PoolConnection> {
    return this.get({ kind: "open", peer: patience?.peer, metadata: patience?.metadata ?? "" }, patience);
  }

  accept(patience?: Partial<CallSettings>): Promise<PoolConnection> {
    return this.get({ kind: "accept" }, patience);
  }

  /** Runs everything that is due now. */
  turn(): Promise<void> {
    return this.clock.advance(0);
  }

  /** Stops waiting for answers, as a pool does when it closes. */
  stopProbing(): void {
    this.#probes.clear();
  }

  override linkChanged(link: Link, before: LinkState): void {
    super.linkChanged(link, before);
    if (before === "idle") this.dispatcher.store.remove(link);
  }

  override linkFree(link: Link): void {
    this.dispatcher.offer(link);
  }

  override canReserve(kind: TakeKind): boolean {
    return this.dispatcher.canReserve(kind);
  }

  override reserved(link: ReservedLink, stream: Stream, kind: TakeKind): void {
    this.dispatcher.reserved(link, stream, kind);
  }

  override keepCompleted(link: ReservedLink, stream: Stream): boolean {
    return this.dispatcher.keepCompleted(link, stream);
  }

  override unreserved(link: ReservedLink): void {
    this.dispatcher.unreserved(link);
  }

  override probing(link: Link): void {
    this.#probes.add(link);
  }

  override probed(link: Link): void {
    this.#probes.delete(link);
  }
}

/** The state of a call: "waits", or its outcome. It does not wait for the call. */
export async function outcomeOf(rig: DispatcherRig, call: Promise<PoolConnection>): Promise<string> {
  let outcome = "waits";
  call.then(({ id }) => outcome = id, (error) => outcome = error.name);
  await rig.turn();
  return outcome;
}

import type { Calls } from "../dispatch/dispatcher.ts";
import type { Link } from "../link/link.ts";
import type { Clock, Timer } from "../time/clock.ts";

/** The shortest time between two `want` messages, in milliseconds (docs/wire.md section 2.9). */
const RISE_MS = 10;

/** How often `want` is repeated while calls wait, in milliseconds. */
const REPEAT_MS = 1_000;

type DemandingCalls = Pick<Calls, "isLinkAwaited" | "waitingForAny" | "waitingByPeer">;

/** Tells each of a server's clients how many waiting calls its links would serve. */
export class Demand {
  readonly #clock: Clock;
  readonly #links: Iterable<Link>;
  readonly #calls: DemandingCalls;
  #timer: Timer | undefined;
  #dueAt = Infinity;
  #toldAt = -Infinity;

  constructor(clock: Clock, links: Iterable<Link>, calls: DemandingCalls) {
    this.#clock = clock;
    this.#links = links;
    this.#calls = calls;
  }

  /** Another call is waiting. Calls that fetch a link by its id, or accept a stream, need no client to dial. */
  rose(): void {
    if (!this.#calls.isLinkAwaited) return;
    this.#tellIn(Math.max(0, this.#toldAt + RISE_MS - this.#clock.now()));
  }

  stop(): void {
    this.#clock.clearTimeout(this.#timer);
    this.#dueAt = Infinity;
  }

  #tellIn(ms: number): void {
    const dueAt = this.#clock.now() + ms;
    if (dueAt >= this.#dueAt) return;
    this.#clock.clearTimeout(this.#timer);
    this.#dueAt = dueAt;
    this.#timer = this.#clock.setTimeout(() => this.#tell(), ms);
  }

  #tell(): void {
    this.#dueAt = Infinity;
    const { isLinkAwaited, waitingForAny } = this.#calls;
    if (!isLinkAwaited) return;
    this.#toldAt = this.#clock.now();
    const byPeer = this.#calls.waitingByPeer();
    for (const link of this.#livePerPool()) {
      const waiting = waitingForAny + (link.peer === undefined ? 0 : byPeer.get(link.peer) ?? 0);
      if (waiting > 0) link.want(waiting);
    }
    this.#tellIn(REPEAT_MS);
  }

  /** One link per client pool: the one that received a message last. */
  #livePerPool(): Iterable<Link> {
    const live = new Map<string, Link>();
    for (const link of this.#links) {
      if (link.peerPool === undefined || link.state === "closing") continue;
      const best = live.get(link.peerPool);
      if (!best || link.heardAt > best.heardAt) live.set(link.peerPool, link);
    }
    return live.values();
  }
}

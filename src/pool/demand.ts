import type { Link } from "../link/link.ts";
import type { Clock, Timer } from "../time/clock.ts";

/** The shortest time between two messages that say how many wait, in milliseconds (docs/wire.md section 2.9). */
const RISE_MS = 10;

/** How often it is said again while calls wait, in milliseconds. */
const REPEAT_MS = 1_000;

/** Tells the clients of a server how many of its calls wait for a link. */
export class Demand {
  readonly #clock: Clock;
  readonly #links: Iterable<Link>;
  readonly #waiting: () => number;
  #timer: Timer | undefined;
  #dueAt = Infinity;
  #toldAt = -Infinity;

  constructor(clock: Clock, links: Iterable<Link>, waiting: () => number) {
    this.#clock = clock;
    this.#links = links;
    this.#waiting = waiting;
  }

  /** One more call waits. For some no client need dial: those that fetch a link by its id, or accept a stream. */
  rose(): void {
    if (this.#waiting() === 0) return;
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
    const waiting = this.#waiting();
    if (waiting === 0) return;
    this.#toldAt = this.#clock.now();
    for (const link of this.#livePerPool()) link.want(waiting);
    this.#tellIn(REPEAT_MS);
  }

  /** One link of each client pool: the one heard from last. */
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

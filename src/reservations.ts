import type { Clock } from "./clock.ts";
import { DeadlineQueue } from "./deadline_queue.ts";
import type { ReservedLink } from "./link/link.ts";
import type { Stream } from "./link/stream.ts";
import type { TakeKind } from "./link/take.ts";

/** How long a stream that the peer took waits for this side's application, in milliseconds (wire.md section 2.3). */
const FETCH_TIMEOUT_MS = 30_000;

/** A stream that the peer took, and that no application of this side has. */
export interface Reservation {
  readonly link: ReservedLink;
  readonly stream: Stream;
  readonly id: string;
  readonly kind: TakeKind;
  /** npws/1: what its closed link has left behind, in bytes. */
  readonly leftBytes: number;
}

/** The streams that peers took and that wait for the application: by id, or in the accept queue. Each waits for a limited time. */
export class Reservations {
  readonly #byLink = new Map<ReservedLink, Reservation>();
  readonly #byId = new Map<string, Reservation>();
  /** The accept queue, in the order of arrival. */
  readonly #queue = new Set<Reservation>();
  readonly #deadlines: DeadlineQueue<Reservation>;
  #leftBytes = 0;

  constructor(clock: Clock) {
    this.#deadlines = new DeadlineQueue(clock, FETCH_TIMEOUT_MS, (reservation) => {
      this.#remove(reservation);
      reservation.link.neverFetched();
    });
  }

  /** How many streams stand in the accept queue. */
  get queued(): number {
    return this.#queue.size;
  }

  /** What closed links of npws/1 have left behind, in bytes: no credit bounds it. */
  get leftBytes(): number {
    return this.#leftBytes;
  }

  add(link: ReservedLink, stream: Stream, kind: TakeKind, leftBytes = 0): void {
    const reservation: Reservation = { link, stream, id: link.id, kind, leftBytes };
    this.#leftBytes += leftBytes;
    this.#byLink.set(link, reservation);
    if (kind === "take") this.#byId.set(reservation.id, reservation);
    else this.#queue.add(reservation);
    this.#deadlines.add(reservation);
  }

  /** Whether a stream with this id waits to be fetched. */
  has(id: string): boolean {
    return this.#byId.has(id);
  }

  /** Takes out the stream with this id. */
  fetch(id: string): Reservation | undefined {
    const reservation = this.#byId.get(id);
    if (reservation) this.#remove(reservation);
    return reservation;
  }

  /** Takes out the stream that has waited longest in the accept queue. */
  accept(): Reservation | undefined {
    const [reservation] = this.#queue;
    if (reservation) this.#remove(reservation);
    return reservation;
  }

  /** Forgets the stream of a link: it is over. */
  forget(link: ReservedLink): void {
    const reservation = this.#byLink.get(link);
    if (reservation) this.#remove(reservation);
  }

  /** Forgets all, and returns their links. */
  clear(): ReservedLink[] {
    const links = [...this.#byLink.keys()];
    this.#byLink.clear();
    this.#byId.clear();
    this.#queue.clear();
    this.#deadlines.clear();
    this.#leftBytes = 0;
    return links;
  }

  #remove(reservation: Reservation): void {
    this.#byLink.delete(reservation.link);
    this.#leftBytes -= reservation.leftBytes;
    // Ids repeat at a client with several servers: a newer stream may have the place.
    if (this.#byId.get(reservation.id) === reservation) this.#byId.delete(reservation.id);
    this.#queue.delete(reservation);
    this.#deadlines.delete(reservation);
  }
}

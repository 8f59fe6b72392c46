import type { ReservedLink } from "../link/link.ts";
import type { Stream } from "../link/stream.ts";
import type { TakeKind } from "../link/take.ts";
import { Place } from "../memory/place.ts";
import type { Clock } from "../time/clock.ts";
import { DeadlineQueue } from "../time/deadline_queue.ts";

/** How long a stream that the peer took waits for this side's application, in milliseconds (docs/wire.md section 2.3). */
const FETCH_TIMEOUT_MS = 30_000;

/** How many streams may wait whose links are closed: no limit on links bounds them, and each costs more than its bytes. */
const MAX_LEFT_STREAMS = 1_000;

/** A stream that the peer took, and that no application on this side has yet. */
export interface Reservation {
  readonly link: ReservedLink;
  readonly stream: Stream;
  readonly id: string;
  readonly kind: TakeKind;
}

/** The streams that peers took and that wait for the application, by id or in the accept queue, each for a limited time. */
export class Reservations {
  readonly #byLink = new Map<ReservedLink, Place<Reservation>>();
  readonly #byId = new Map<string, Place<Reservation>>();
  /** Those to be fetched by id whose links are still open. They cannot be counted by their ids, which may repeat. */
  readonly #unfetched = new Set<Place<Reservation>>();
  /** The accept queue, in the order of arrival. */
  readonly #queue = new Set<Place<Reservation>>();
  readonly #deadlines: DeadlineQueue<Place<Reservation>>;
  /** Those whose links are closed, with the unread bytes of each. */
  readonly #left = new Map<Place<Reservation>, number>();
  readonly #maxLeftBytes: number;
  #leftBytes = 0;

  /** @param maxLeftBytes How many bytes closed links may leave behind in total. */
  constructor(clock: Clock, maxLeftBytes: number) {
    this.#maxLeftBytes = maxLeftBytes;
    this.#deadlines = new DeadlineQueue(clock, FETCH_TIMEOUT_MS, (place) => {
      this.#remove(place).link.neverFetched();
    });
  }

  /** How many streams are in the accept queue. */
  get queued(): number {
    return this.#queue.size;
  }

  /** How many open links peers have taken that nobody has fetched by id yet. */
  get unfetched(): number {
    return this.#unfetched.size;
  }

  add(link: ReservedLink, stream: Stream, kind: TakeKind): void {
    this.#add({ link, stream, id: link.id, kind });
  }

  /**
   * Keeps a stream whose link is closed: one that is reserved already, or a new one to be fetched by its id. False if there is
   * no room: without a limit, a peer could keep filling streams and closing their links.
   */
  leave(link: ReservedLink, stream: Stream): boolean {
    const known = this.#byLink.get(link);
    if (known && this.#left.has(known)) return true;
    const bytes = stream.unreadBytes;
    if (this.#left.size === MAX_LEFT_STREAMS || this.#leftBytes + bytes > this.#maxLeftBytes) return false;
    const place = known ?? this.#add({ link, stream, id: link.id, kind: "take" });
    this.#unfetched.delete(place);
    this.#left.set(place, bytes);
    this.#leftBytes += bytes;
    return true;
  }

  /** Whether a stream with this id waits to be fetched. */
  has(id: string): boolean {
    return this.#byId.has(id);
  }

  /** Takes out the stream with this id. */
  fetch(id: string): Reservation | undefined {
    const place = this.#byId.get(id);
    return place && this.#remove(place);
  }

  /** Takes out the stream that has waited longest in the accept queue. */
  accept(): Reservation | undefined {
    const [place] = this.#queue;
    return place && this.#remove(place);
  }

  /** Removes the stream of a link, because it is over. */
  forget(link: ReservedLink): void {
    const place = this.#byLink.get(link);
    if (place) this.#remove(place);
  }

  /** Removes all streams and returns their links. */
  clear(): ReservedLink[] {
    const links = [...this.#byLink.keys()];
    this.#byLink.clear();
    this.#byId.clear();
    this.#queue.clear();
    this.#deadlines.clear();
    this.#unfetched.clear();
    this.#left.clear();
    this.#leftBytes = 0;
    return links;
  }

  #add(reservation: Reservation): Place<Reservation> {
    const place = new Place(reservation);
    this.#byLink.set(reservation.link, place);
    if (reservation.kind === "take") {
      this.#unfetched.add(place);
      this.#byId.set(reservation.id, place);
    } else this.#queue.add(place);
    this.#deadlines.add(place);
    return place;
  }

  #remove(place: Place<Reservation>): Reservation {
    const reservation = place.leave();
    this.#byLink.delete(reservation.link);
    this.#leftBytes -= this.#left.get(place) ?? 0;
    this.#left.delete(place);
    this.#unfetched.delete(place);
    // On a client with several servers ids repeat: a newer stream may be registered under this id.
    if (this.#byId.get(reservation.id) === place) this.#byId.delete(reservation.id);
    this.#queue.delete(place);
    this.#deadlines.delete(place);
    return reservation;
  }
}

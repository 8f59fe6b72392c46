import { releaseOf } from "../memory/release_memory.ts";
import type { EndEvents, HeldEnd } from "./held_end.ts";

/** Each end must be over, and each direction must have passed on its end. */
const PARTS = 4;

/** Two ends, joined until both directions have ended or one has failed. */
export class Joint {
  /** Resolves when everything has moved and ended; rejects with the first error. */
  readonly over: Promise<void>;
  readonly #over = Promise.withResolvers<void>();
  readonly #aToB: Way;
  readonly #bToA: Way;
  #partsLeft = PARTS;
  #isOver = false;

  constructor(a: HeldEnd, b: HeldEnd) {
    this.over = this.#over.promise;
    this.#aToB = new Way(this, a, b);
    this.#bToA = new Way(this, b, a);
    a.begin(this.#eventsOf(this.#aToB, this.#bToA));
    b.begin(this.#eventsOf(this.#bToA, this.#aToB));
    this.#aToB.begin();
    this.#bToA.begin();
  }

  /** How many bytes were moved from the first end to the second. */
  get aToB(): number {
    return this.#aToB.moved;
  }

  /** How many bytes were moved from the second end to the first. */
  get bToA(): number {
    return this.#bToA.moved;
  }

  /** Whether nothing more is to be moved. */
  get isOver(): boolean {
    return this.#isOver;
  }

  /** Fails the relay: nothing more is moved. */
  fail(error: unknown): void {
    this.#isOver = true;
    this.#over.reject(error);
  }

  /** One of the parts has ended cleanly. */
  partOver(): void {
    if (--this.#partsLeft > 0) return;
    this.#isOver = true;
    this.#over.resolve();
  }

  #eventsOf(from: Way, to: Way): EndEvents {
    return {
      readable: () => from.pump(),
      writable: () => to.pump(),
      failed: (error) => this.fail(error),
      over: () => this.partOver(),
    };
  }
}

/** One direction: moves what comes from one end to the other. */
class Way {
  /** How many bytes were moved. */
  moved = 0;
  readonly #joint: Joint;
  readonly #from: HeldEnd;
  readonly #to: HeldEnd;
  /** Bytes are being moved, or the ends have not both begun. */
  #isPumping = true;
  /** An event has arrived since the last read: reading and writing may themselves cause some. */
  #hasNews = false;
  /** Nothing more is moved: the end has been reached, or the other end refuses what comes. */
  #isClosed = false;

  constructor(joint: Joint, from: HeldEnd, to: HeldEnd) {
    this.#joint = joint;
    this.#from = from;
    this.#to = to;
  }

  /** Both ends have begun. */
  begin(): void {
    this.#isPumping = false;
    this.pump();
  }

  /** Moves what is available, as long as there is room. */
  pump(): void {
    this.#hasNews = true;
    if (this.#isPumping) return;
    this.#isPumping = true;
    try {
      while (!this.#joint.isOver && !this.#isClosed && this.#to.hasRoom && this.#moveNext());
    } catch (error) {
      this.#joint.fail(error);
    }
    this.#isPumping = false;
  }

  /** Returns false if there is nothing more to move, now or ever. */
  #moveNext(): boolean {
    this.#hasNews = false;
    const bytes = this.#from.read();
    if (this.#joint.isOver) return false; // reading may reveal that a connection is lost
    if (bytes) this.#move(bytes);
    else if (this.#hasNews) return true;
    else if (this.#from.isAtEnd) this.#end();
    else return false;
    return true;
  }

  #move(bytes: Uint8Array): void {
    if (this.#to.failIfPeerClosed?.()) {
      this.#isClosed = true;
      this.#from.allMoved?.(); // all that can be
      return;
    }
    this.moved += bytes.byteLength;
    this.#to.write(bytes, this.#from.ownsLastRead ? releaseOf(bytes) : undefined);
  }

  #end(): void {
    this.#isClosed = true;
    this.#to.end(() => {
      this.#from.allMoved?.();
      this.#joint.partOver();
    });
  }
}

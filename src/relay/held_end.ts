/**
 * One end of a relay, while the relay has it: the part of web streams, sockets and connections that a relay needs. An end
 * reports what happens through events rather than promises, because a promise costs more than the chunk that it would bring.
 */
export interface HeldEnd {
  /**
   * Connects the relay: called once, before everything else but `abort` and `release`, which are called alone if the relay
   * never begins. What has happened before is reported, at once or later.
   */
  begin(events: EndEvents): void;
  /** Returns the next bytes. Undefined if there are none: `readable` is called when there are, or never if `isAtEnd` is set. */
  read(): Uint8Array | undefined;
  /** Whether nothing more comes; valid after a read that found nothing. */
  readonly isAtEnd: boolean;
  /** Whether only the relay has the memory of what was last read. */
  readonly ownsLastRead: boolean;
  /** Whether bytes may be written. If not, `writable` is called when they may, or `failed` if they never will. */
  readonly hasRoom: boolean;
  /**
   * Takes bytes; called only while there is room.
   *
   * @param taken Called when nobody reads their memory any more; never, if that cannot be known.
   */
  write(bytes: Uint8Array, taken?: () => void): void;
  /**
   * Ends writing after all bytes; called only while there is room.
   *
   * @param ended Called when the end has been sent.
   */
  end(ended: () => void): void;
  /**
   * Called when there are bytes for this end. True if its peer has closed cleanly and accepts nothing more: the end then fails
   * as soon as everything that came from it has been delivered.
   */
  failIfPeerClosed?(): boolean;
  /**
   * Everything that came from this end, its end of data included, has gone to the other one, or the other one refuses the rest.
   * Only for ends to which that makes a difference.
   */
  allMoved?(): void;
  /** Gives up each direction that has not ended. */
  abort(reason: unknown): void;
  /** Frees the resources of an end that is over or aborted. */
  release(): void;
}

/** What an end reports to the relay. */
export interface EndEvents {
  /** There is something to read, or the data has ended. */
  readable(): void;
  /** There is room to write. */
  writable(): void;
  /** One of the directions failed. */
  failed(error: unknown): void;
  /** Both directions have ended; called once. */
  over(): void;
}

/** Listens before a relay begins and after it is over. */
export const NOBODY: EndEvents = { readable() {}, writable() {}, failed() {}, over() {} };

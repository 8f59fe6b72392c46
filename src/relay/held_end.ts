/**
 * One end of a relay, while the relay has it: what it needs of web streams, sockets and connections alike. An end tells what
 * happens by events and not by promises: each of these costs more than the chunk that it would bring.
 */
export interface HeldEnd {
  /**
   * Connects the relay, once, before everything else but `abort` and `release`, which come alone where the relay never begins. What
   * has happened before is told, at once or later.
   */
  begin(events: EndEvents): void;
  /** The next bytes. Undefined: there are none now, and `readable` tells when there are; or never, where `isAtEnd` is set. */
  read(): Uint8Array | undefined;
  /** Whether nothing more comes, behind a read that found nothing. */
  readonly isAtEnd: boolean;
  /** Whether nobody but the relay has the memory of what was last read. */
  readonly ownsLastRead: boolean;
  /** Whether bytes may be written. If not, `writable` tells when they may, or `failed` that they never will. */
  readonly hasRoom: boolean;
  /**
   * Takes bytes, while there is room.
   *
   * @param taken Called when nobody reads their memory any more; never, where that cannot be known.
   */
  write(bytes: Uint8Array, taken?: () => void): void;
  /**
   * Ends writing, behind all bytes, while there is room.
   *
   * @param ended Called when the end has left.
   */
  end(ended: () => void): void;
  /**
   * Called when bytes have come for it. True where its peer has closed in order and takes nothing more: the end fails then, as soon
   * as everything that came from it has been delivered.
   */
  failIfPeerClosed?(): boolean;
  /**
   * Everything that came from this end has gone to the other one, its end too, or the other one refuses the rest. For ends to which
   * that makes a difference.
   */
  allMoved?(): void;
  /** Gives up both directions, as far as they have not ended. */
  abort(reason: unknown): void;
  /** Frees what has ended. */
  release(): void;
}

/** What an end tells the relay. */
export interface EndEvents {
  /** There is something to read, or the end of it. */
  readable(): void;
  /** There is room to write. */
  writable(): void;
  /** One of the directions broke. */
  failed(error: unknown): void;
  /** Both directions have ended; told once. */
  over(): void;
}

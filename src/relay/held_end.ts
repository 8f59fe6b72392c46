/** One end of a relay, while the relay has it: what it needs of web streams, sockets and connections alike. */
export interface HeldEnd {
  /** The next bytes; undefined at the end. */
  read(): Promise<Uint8Array | undefined> | Uint8Array | undefined;
  /** Whether nobody but the relay has the memory of what was last read. */
  readonly ownsLastRead: boolean;
  /** Resolves when more bytes may be written; undefined when they may be at once. */
  room(): Promise<unknown> | undefined;
  /**
   * Takes bytes. That they cannot be sent is told by `over`.
   *
   * @param taken Called when nobody reads their memory any more; never, where that cannot be known.
   */
  write(bytes: Uint8Array, taken?: () => void): void;
  /** Ends writing, behind all bytes. */
  end(): Promise<void>;
  /** Resolves when both directions have ended; rejects as soon as one breaks, also while nothing is read or written. */
  readonly over: Promise<unknown>;
  /** Set where the peer has ended in order and takes nothing more: rejects when all that came from it has arrived. */
  refusal?(): Promise<never> | undefined;
  /** Everything that came from this end has gone to the other one, its end too. For ends to which that makes a difference. */
  allMoved?(): void;
  /** Gives up both directions, as far as they have not ended. */
  abort(reason: unknown): void;
  /** Frees what has ended. */
  release(): void;
}

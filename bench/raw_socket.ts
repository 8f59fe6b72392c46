/** A runtime's own WebSocket, as thin as can be. */
export interface RawSocket {
  send(bytes: Uint8Array): void;
  /** Bytes that were sent and that the runtime still holds. */
  readonly bufferedBytes: number;
  /** Told the length of each message. */
  onMessage: (byteLength: number) => void;
  /** Resolves when it is gone. */
  close(): Promise<void>;
}

/** What the baseline asks of a runtime. */
export interface RawRuntime {
  /** Listens on a free port of 127.0.0.1 and returns it. */
  serve(opened: (socket: RawSocket) => void): Promise<number>;
  /** Resolves with the first message's end: a pool's link is of use from there on. */
  dial(url: string): Promise<RawSocket>;
}

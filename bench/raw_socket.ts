/** A minimal interface to a runtime's own WebSocket. */
export interface RawSocket {
  send(bytes: Uint8Array): void;
  /** Bytes that were sent but are still buffered by the runtime. */
  readonly bufferedBytes: number;
  /** Called with the length of each message, and the message in the runtime's own form. */
  onMessage: (byteLength: number, message: ArrayBuffer | Uint8Array) => void;
  /** Resolves once it is closed. */
  close(): Promise<void>;
}

/** What the baseline requires of a runtime. */
export interface RawRuntime {
  /** Listens on a free port of 127.0.0.1 and returns it. */
  serve(opened: (socket: RawSocket) => void): Promise<number>;
  /** Resolves when the first message has arrived: that is when a pool's link becomes usable. */
  dial(url: string): Promise<RawSocket>;
}

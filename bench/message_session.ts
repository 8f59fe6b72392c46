import { raw } from "./raw.ts";
import type { RawSocket } from "./raw_socket.ts";

// The lengths of the pool's messages for a stream, in bytes. All parts of a turn form one message, each with a 2-byte prefix.

/** `idle` for the previous stream, and `open`. */
export const OPEN = 12;
export const OK = 2;
/** `fin` after the data. */
export const FIN = 7;
/** `fin`, `idle` and the link's next id after the data. */
export const SERVER_END = 15;

/** Answers sessions with the messages of npws/2, and returns the port. */
export function serveMessages(): Promise<number> {
  return raw.serve((socket) => {
    socket.send(new Uint8Array(4));
    socket.onMessage = (length) => socket.send(new Uint8Array(length === OPEN ? OK : length + SERVER_END));
  });
}

/** The client's end: only the messages of consecutive `open()` calls. */
export class MessageSession {
  readonly #socket: RawSocket;

  constructor(socket: RawSocket) {
    this.#socket = socket;
  }

  run(byteLength: number): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#socket.onMessage = (length) => {
      if (length === OK) this.#socket.send(new Uint8Array(byteLength + FIN));
      else resolve();
    };
    this.#socket.send(new Uint8Array(OPEN));
    return promise;
  }
}

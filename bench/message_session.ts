import { raw } from "./raw.ts";
import type { RawSocket } from "./raw_socket.ts";

// The lengths of what a pool sends for a stream, in bytes. All of a turn is one message, with 2 bytes before each part.

/** `idle`, of the stream before, and `open`. */
export const OPEN = 12;
export const OK = 2;
/** `fin` behind the data. */
export const FIN = 7;
/** `fin`, `idle` and the link's next id behind the data. */
export const SERVER_END = 15;

/** Answers sessions with the messages of npws/2, and returns the port. */
export function serveMessages(): Promise<number> {
  return raw.serve((socket) => {
    socket.send(new Uint8Array(4));
    socket.onMessage = (length) => socket.send(new Uint8Array(length === OPEN ? OK : length + SERVER_END));
  });
}

/** The client's end: the messages of one `open()` after the other, and nothing else. */
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

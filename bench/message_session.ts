import { raw } from "./raw.ts";
import type { RawSocket } from "./raw_socket.ts";

/** The lengths of the control messages of npws/2 by which they are told apart here, in bytes; data is longer. */
const OPEN = 6;
const OK = 2;
const FIN = 3;
const CLIENT_IDLE = 4;
const SERVER_IDLE = 13;

/** Answers sessions with the messages of npws/2, and returns the port. */
export function serveMessages(): Promise<number> {
  return raw.serve((socket) => {
    let byteLength = 0;
    socket.send(new Uint8Array(4));
    socket.onMessage = (length) => {
      if (length === OPEN) socket.send(new Uint8Array(OK));
      else if (length === FIN) {
        for (const answer of [byteLength, FIN, SERVER_IDLE]) socket.send(new Uint8Array(answer));
      } else if (length !== CLIENT_IDLE) byteLength = length;
    };
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
      if (length === OK) this.#send(byteLength, FIN);
      else if (length === SERVER_IDLE) {
        this.#send(CLIENT_IDLE);
        resolve();
      }
    };
    this.#send(OPEN);
    return promise;
  }

  #send(...lengths: number[]): void {
    for (const length of lengths) this.#socket.send(new Uint8Array(length));
  }
}

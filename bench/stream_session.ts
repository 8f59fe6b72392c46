import { FIN, OK, OPEN, SERVER_END } from "./message_session.ts";
import { raw } from "./raw.ts";
import type { RawSocket } from "./raw_socket.ts";

/** The two web streams of a session, with no pool behind them: everything written becomes one message that includes the end. */
export class BareStreams {
  readonly readable: ReadableStream<Uint8Array<ArrayBuffer>>;
  readonly writable: WritableStream<Uint8Array>;
  #controller!: ReadableByteStreamController;

  constructor(sendAll: (byteLength: number) => void) {
    this.readable = new ReadableStream({
      type: "bytes",
      start: (controller) => {
        this.#controller = controller;
      },
      pull() {}, // everything arrives at once
    }, { highWaterMark: 0 });
    let byteLength = 0;
    this.writable = new WritableStream<Uint8Array>({
      write: (chunk) => void (byteLength += chunk.byteLength),
      close: () => sendAll(byteLength),
    });
  }

  /** Delivers the whole payload and its end. */
  received(byteLength: number): void {
    this.#controller.enqueue(new Uint8Array(byteLength));
    this.#controller.close();
  }
}

/** Gives `answer` the streams of each session, and returns the port. */
export function serveStreams(answer: (streams: BareStreams) => void): Promise<number> {
  return raw.serve((socket) => {
    socket.send(new Uint8Array(4));
    socket.onMessage = (length) => {
      if (length === OPEN) return socket.send(new Uint8Array(OK));
      const streams = new BareStreams((byteLength) => socket.send(new Uint8Array(byteLength + SERVER_END)));
      answer(streams);
      streams.received(length - FIN);
    };
  });
}

/** The client's end: the messages of one session after another, with bare web streams. */
export class StreamSession {
  readonly #socket: RawSocket;

  constructor(socket: RawSocket) {
    this.#socket = socket;
  }

  /** Resolves when the server has answered, as `open()` does. */
  open(): Promise<BareStreams> {
    const { promise, resolve } = Promise.withResolvers<BareStreams>();
    this.#socket.onMessage = (length) => length === OK && resolve(this.openEarly());
    this.#socket.send(new Uint8Array(OPEN));
    return promise;
  }

  /** Sends the opening together with the bytes. */
  openEarly(): BareStreams {
    const streams = new BareStreams((byteLength) => this.#socket.send(new Uint8Array(byteLength + FIN)));
    this.#socket.onMessage = (length) => streams.received(length - SERVER_END);
    return streams;
  }
}

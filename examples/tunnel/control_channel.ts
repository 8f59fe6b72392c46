import type { PoolConnection } from "@npws/pool";

const MAX_LINE_CHARACTERS = 131_072;

/** A stream that carries lines of JSON both ways. */
export class ControlChannel {
  readonly #connection: PoolConnection;
  readonly #writer: WritableStreamDefaultWriter<Uint8Array>;

  constructor(connection: PoolConnection) {
    this.#connection = connection;
    this.#writer = connection.writable.getWriter();
    this.#writer.closed.catch(() => {}); // lines() reports a broken stream
  }

  /** Resolves when flow control has accepted the message. Never rejects: `lines()` reports a broken stream. */
  send(message: object): Promise<void> {
    return this.#writer.write(new TextEncoder().encode(`${JSON.stringify(message)}\n`)).catch(() => {});
  }

  /** The lines that the peer sends, until it ends its direction. Throws when the stream breaks. */
  async *lines(): AsyncIterableIterator<string> {
    let rest = "";
    for await (const text of this.#connection.readable.pipeThrough(new TextDecoderStream())) {
      const [more, ...lines] = text.split("\n");
      rest += more;
      if (rest.length > MAX_LINE_CHARACTERS) throw new Error("Cannot read control stream: the line is too long");
      if (lines.length === 0) continue;
      yield rest;
      rest = lines.pop()!;
      yield* lines;
    }
  }

  /** Ends this direction; the peer may go on. */
  end(): void {
    this.#writer.close().catch(() => {});
  }

  /** Ends both directions. */
  close(): Promise<void> {
    return this.#connection.close();
  }
}

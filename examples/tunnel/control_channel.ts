import type { PoolConnection } from "@npws/pool";

const MAX_LINE_CHARACTERS = 131_072;

/** One stream that carries lines of JSON both ways. */
export class ControlChannel {
  readonly #connection: PoolConnection;
  readonly #writer: WritableStreamDefaultWriter<Uint8Array>;

  constructor(connection: PoolConnection) {
    this.#connection = connection;
    this.#writer = connection.writable.getWriter();
    this.#writer.closed.catch(() => {}); // lines() tells that the stream broke
  }

  /** Resolves when flow control took it. Never rejects: that the stream broke is told by `lines()`. */
  send(message: object): Promise<void> {
    return this.#writer.write(new TextEncoder().encode(`${JSON.stringify(message)}\n`)).catch(() => {});
  }

  /** What the peer sends, to its end. Throws when the stream broke. */
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

  /** Says that nothing more will be sent; the peer may go on. */
  end(): void {
    this.#writer.close().catch(() => {});
  }

  /** Ends both directions. */
  close(): Promise<void> {
    return this.#connection.close();
  }
}

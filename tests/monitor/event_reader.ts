/** One server-sent event. */
export interface ServerEvent {
  readonly type: string;
  // deno-lint-ignore no-explicit-any -- like JSON.parse()
  readonly data: any;
}

/** Reads the events of a response, as a browser does. Disposing it disconnects. */
export class EventReader implements AsyncDisposable {
  readonly #reader: ReadableStreamDefaultReader<string>;
  #text = "";

  constructor({ body }: Response) {
    this.#reader = body!.pipeThrough(new TextDecoderStream()).getReader();
  }

  /** The next event; undefined at the end. */
  async next(): Promise<ServerEvent | undefined> {
    while (!this.#text.includes("\n\n")) {
      const { value, done } = await this.#reader.read();
      if (done) return undefined;
      this.#text += value;
    }
    const [block] = this.#text.split("\n\n", 1);
    this.#text = this.#text.slice(block.length + 2);
    const fields = new Map(block.split("\n").map((line) => line.split(/: (.*)/s) as [string, string]));
    return { type: fields.get("event") ?? "message", data: JSON.parse(fields.get("data")!) };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#reader.cancel();
  }
}

import { connect, type Socket } from "node:net";

/** A TCP connection under the test's control, with everything received so far. Disposing it destroys it. */
export class RawClient implements Disposable {
  readonly #socket: Socket;
  readonly #waiting = new Set<() => void>();
  #received = "";
  #end: "open" | "end" | "reset" = "open";

  private constructor(socket: Socket) {
    this.#socket = socket;
    socket.setNoDelay(true);
    socket.setEncoding("latin1");
    socket.on("data", (text) => this.#changed(() => this.#received += text));
    socket.on("end", () => this.#changed(() => this.#end = "end"));
    socket.on("error", () => this.#changed(() => this.#end = "reset"));
  }

  /** Resolves also if the connection was reset before this side saw that it was made. */
  static connect(port: number): Promise<RawClient> {
    const socket = connect({ host: "127.0.0.1", port, allowHalfOpen: true });
    const client = new RawClient(socket);
    return new Promise((resolve, reject) => {
      socket.once("connect", () => resolve(client));
      socket.once(
        "error",
        (error: NodeJS.ErrnoException) => error.code === "ECONNRESET" ? resolve(client) : reject(error),
      );
    });
  }

  send(text: string): void {
    this.#socket.write(text, "latin1");
  }

  /** Half-closes the connection; reading continues. */
  endWriting(): void {
    this.#socket.end();
  }

  /** Sends an RST. */
  reset(): void {
    this.#socket.resetAndDestroy();
  }

  /** Waits until `length` characters have arrived, and consumes them. */
  async read(length: number): Promise<string> {
    await this.#until(() => this.#received.length >= length || this.#end !== "open");
    const text = this.#received.slice(0, length);
    this.#received = this.#received.slice(length);
    return text;
  }

  /** Waits for the end of the input, and consumes the rest. */
  async readToEnd(): Promise<{ rest: string; end: "end" | "reset" }> {
    await this.#until(() => this.#end !== "open");
    return { rest: this.#received, end: this.#end as "end" | "reset" };
  }

  [Symbol.dispose](): void {
    this.#socket.destroy();
  }

  #changed(change: () => void): void {
    change();
    for (const resolve of this.#waiting) resolve();
    this.#waiting.clear();
  }

  async #until(isReached: () => boolean): Promise<void> {
    while (!isReached()) await new Promise<void>((resolve) => this.#waiting.add(resolve));
  }
}

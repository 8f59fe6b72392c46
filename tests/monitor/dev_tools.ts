/** The browser's result of a call, or the parameters of an event. */
// deno-lint-ignore no-explicit-any -- the protocol has hundreds of shapes
export type Fields = Record<string, any>;

interface Message {
  id?: number;
  method?: string;
  sessionId?: string;
  params?: Fields;
  result?: Fields;
  error?: { message: string };
}

/** The Chrome DevTools Protocol over one WebSocket, with a session per page. */
export class DevTools {
  readonly #socket: WebSocket;
  readonly #calls = new Map<number, PromiseWithResolvers<Fields>>();
  readonly #listeners = new Set<(method: string, params: Fields, sessionId: string | undefined) => void>();
  #lastId = 0;

  /** @param address The address that the browser prints when it listens. */
  static async connect(address: string): Promise<DevTools> {
    const socket = new WebSocket(address);
    await new Promise((resolve, reject) => {
      socket.addEventListener("open", resolve, { once: true });
      socket.addEventListener("error", () => reject(new Error(`Cannot connect to ${address}`)), { once: true });
    });
    return new DevTools(socket);
  }

  private constructor(socket: WebSocket) {
    this.#socket = socket;
    socket.addEventListener("message", ({ data }) => this.#receive(JSON.parse(data)));
    socket.addEventListener("close", () => this.#fail(new Error("Cannot go on: the browser has ended")));
  }

  /** Calls a method of the browser, or of a page. */
  call(method: string, params: Fields = {}, sessionId?: string): Promise<Fields> {
    const id = ++this.#lastId;
    const call = Promise.withResolvers<Fields>();
    this.#calls.set(id, call);
    this.#socket.send(JSON.stringify({ id, method, params, sessionId }));
    return call.promise;
  }

  /** Subscribes to the events of a page. */
  listen(sessionId: string, listener: (method: string, params: Fields) => void): void {
    this.#listeners.add((method, params, session) => session === sessionId && listener(method, params));
  }

  async close(): Promise<void> {
    if (this.#socket.readyState === WebSocket.CLOSED) return;
    const closed = new Promise((resolve) => this.#socket.addEventListener("close", resolve, { once: true }));
    this.#socket.close();
    await closed;
  }

  #receive({ id, method, params = {}, result = {}, error, sessionId }: Message): void {
    if (method !== undefined) return this.#listeners.forEach((listener) => listener(method, params, sessionId));
    const call = this.#calls.get(id!);
    this.#calls.delete(id!);
    if (error) call?.reject(new Error(`Cannot drive the browser: ${error.message}`));
    else call?.resolve(result);
  }

  #fail(error: Error): void {
    for (const { reject } of this.#calls.values()) reject(error);
    this.#calls.clear();
  }
}

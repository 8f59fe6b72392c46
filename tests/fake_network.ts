import type { RequestHandler } from "../src/runtime/runtime.ts";
import type { Message, NetAddress } from "../src/runtime/socket.ts";
import type { Clock } from "../src/time/clock.ts";
import { type EndOptions, FakeCable, type FakeSocket } from "./fake_socket.ts";

/** The first port assigned to listeners that ask for any port. */
const FIRST_PORT = 50_000;

/** An in-memory network: listeners by port, and the WebSockets opened to them. */
export class FakeNetwork {
  readonly clock: Clock;
  /** The delay of the next WebSocket, and of the answer to a dial. */
  delayMs: () => number = () => 0;
  /** From how many bytes in flight `send` signals backpressure. */
  highWaterBytes = 1024 * 1024;
  /** Dials get no answer, not even a refusal. */
  isDark = false;
  /** Called with each WebSocket before it opens. */
  onCable: (cable: FakeCable) => void = () => {};
  /** Called with each message that is sent; its return value arrives instead. */
  onMessage: (message: Message) => Message = (message) => message;
  /** WebSockets with at least one end that is not closed. */
  readonly cables = new Set<FakeCable>();
  /** The start time of each dial. */
  readonly dials: number[] = [];
  /** The highest number of simultaneous dials. */
  mostDialing = 0;
  readonly #listeners = new Map<number, FakeListener>();
  #dialing = 0;
  #nextPort = FIRST_PORT;

  constructor(clock: Clock) {
    this.clock = clock;
  }

  /** Dials that have been neither answered nor abandoned. */
  get dialing(): number {
    return this.#dialing;
  }

  /** Ends of WebSockets that are not closed. */
  get openSockets(): number {
    return [...this.cables].flatMap(({ client, server }) => [client, server]).filter(({ isGone }) => !isGone).length;
  }

  /** Listeners that are not closed. */
  get listeners(): number {
    return this.#listeners.size;
  }

  /** Passes requests to a port (0 for any) to the handler. */
  listen(port: number, handler: RequestHandler): FakeListener {
    const bound = port || this.#nextPort++;
    if (this.#listeners.has(bound)) throw new Error(`Cannot listen: port ${bound} is in use`);
    const listener = new FakeListener(bound, handler, () => this.#listeners.delete(bound));
    this.#listeners.set(bound, listener);
    return listener;
  }

  /** Sends an upgrade request and waits for the WebSocket. Leaves nothing open if it rejects. */
  async dial(url: string, headers: HeadersInit, client: EndOptions, signal: AbortSignal): Promise<FakeSocket> {
    this.dials.push(this.clock.now());
    this.mostDialing = Math.max(this.mostDialing, ++this.#dialing);
    const visit = new FakeVisit(this, client, signal);
    try {
      await this.#arrive(signal);
      return await this.#request(url, headers, visit);
    } finally {
      this.#dialing--;
      visit.end();
    }
  }

  /** Connects two ends. */
  connect(client: EndOptions, server: EndOptions): FakeCable {
    const { clock, highWaterBytes } = this;
    const onGone = () => {
      if (cable.client.isGone && cable.server.isGone) this.cables.delete(cable);
    };
    const onMessage = (message: Message) => this.onMessage(message);
    const options = { clock, highWaterBytes, delayMs: this.delayMs(), onGone, onMessage };
    const cable = new FakeCable(options, client, server);
    this.cables.add(cable);
    this.onCable(cable);
    return cable;
  }

  async #request(url: string, headers: HeadersInit, visit: FakeVisit): Promise<FakeSocket> {
    const port = Number(new URL(url).port);
    const listener = this.#listeners.get(port);
    if (!listener) throw new Error("connection refused");
    const request = new Request(url.replace(/^ws/, "http"), { headers });
    request.headers.set("upgrade", "websocket");
    request.headers.set("sec-websocket-version", "13");
    visit.listener = listener;
    const response = await Promise.race([listener.handler(request, visit), visit.aborted]);
    return visit.outcome(response);
  }

  /** The request's transit to the server; in a dark network it never arrives. */
  async #arrive(signal: AbortSignal): Promise<void> {
    signal.throwIfAborted();
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    const timer = this.isDark ? undefined : this.clock.setTimeout(resolve, this.delayMs());
    const abort = () => reject(signal.reason);
    signal.addEventListener("abort", abort);
    try {
      await promise;
    } finally {
      this.clock.clearTimeout(timer);
      signal.removeEventListener("abort", abort);
    }
  }
}

/** A listener on a port. */
export class FakeListener {
  readonly port: number;
  readonly handler: RequestHandler;
  /** Its ends of the WebSockets opened to it. */
  readonly sockets = new Set<FakeSocket>();
  readonly #onClose: () => void;
  #isClosed = false;

  constructor(port: number, handler: RequestHandler, onClose: () => void) {
    this.port = port;
    this.handler = handler;
    this.#onClose = onClose;
  }

  /** Stops listening and drops all remaining WebSockets, as the `Runtime` interface requires. */
  close(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#onClose();
    for (const socket of this.sockets) socket.terminate();
  }
}

/** One request, from its arrival to its answer; servers receive it together with the request. */
export class FakeVisit {
  /** Rejects when the client gives up. */
  readonly aborted: Promise<never>;
  /** The listener that received the request. */
  listener: FakeListener | undefined;
  readonly #network: FakeNetwork;
  readonly #client: EndOptions;
  readonly #signal: AbortSignal;
  readonly #abort: () => void;
  #cable: FakeCable | undefined;

  constructor(network: FakeNetwork, client: EndOptions, signal: AbortSignal) {
    this.#network = network;
    this.#client = client;
    this.#signal = signal;
    const { promise, reject } = Promise.withResolvers<never>();
    this.aborted = promise;
    this.aborted.catch(() => {});
    this.#abort = () => {
      reject(signal.reason);
      this.#cable?.client.terminate();
    };
    signal.addEventListener("abort", this.#abort);
  }

  get remoteAddress(): NetAddress {
    return this.#client.address;
  }

  /** The server accepts the upgrade. */
  upgrade(server: EndOptions): Promise<FakeSocket> {
    const cable = this.#cable = this.#network.connect(this.#client, server);
    this.listener!.sockets.add(cable.server);
    if (this.#signal.aborted) cable.client.terminate();
    cable.server.accept();
    return cable.server.opened;
  }

  /** The result of the dial once the server has answered. */
  outcome(response: Response | undefined): Promise<FakeSocket> {
    if (response || !this.#cable) throw new Error(`server answered ${response?.status}`);
    return Promise.race([this.#cable.client.opened, this.aborted]);
  }

  end(): void {
    this.#signal.removeEventListener("abort", this.#abort);
  }
}

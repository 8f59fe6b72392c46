import type {
  Dialer,
  DialOptions,
  Listener,
  RequestHandler,
  Runtime,
  ServeOptions,
  UpgradeEnd,
} from "../src/runtime/runtime.ts";
import type { NetAddress } from "../src/runtime/socket.ts";
import { type FakeNetwork, FakeVisit } from "./fake_network.ts";
import type { EndOptions, FakeSocket } from "./fake_socket.ts";

/** Which optional capabilities a fake runtime has. */
export interface FakeRuntimeOptions {
  /** Whether its sockets can apply backpressure to their peer. @default true */
  canPause?: boolean;
  /** The address of its end. @default "127.0.0.1" */
  hostname?: string;
}

/** Dials in the fake network. */
export interface FakeDialer extends Dialer {
  dial(signal: AbortSignal): Promise<FakeSocket>;
}

/** A `Runtime` implementation that consists of an in-memory network and nothing else. */
export class FakeRuntime implements Runtime {
  readonly name = "deno";
  websocket(): object {
    return {};
  }
  readonly network: FakeNetwork;
  /** Dialers that are not closed. */
  openDialers = 0;
  readonly #options: Required<FakeRuntimeOptions>;
  #nextPort = 1;

  constructor(network: FakeNetwork, { canPause = true, hostname = "127.0.0.1" }: FakeRuntimeOptions = {}) {
    this.network = network;
    this.#options = { canPause, hostname };
  }

  dialer({ url, headers }: Pick<DialOptions, "url" | "headers">): FakeDialer {
    this.openDialers++;
    let isOpen = true;
    return {
      dial: (signal) => this.network.dial(url, headers, this.#end(this.#nextPort++), signal),
      close: () => {
        if (isOpen) this.openDialers--;
        isOpen = false;
      },
    };
  }

  checkServe(): void {}

  // deno-lint-ignore require-await -- a port in use must reject instead of throwing
  async serve({ hostname, port }: ServeOptions, handler: RequestHandler): Promise<Listener> {
    const listener = this.network.listen(port, handler);
    return {
      address: { hostname, port: listener.port, transport: "tcp" },
      // deno-lint-ignore require-await -- required by the interface
      close: async () => listener.close(),
    };
  }

  remoteAddress(_request: Request, visit: unknown): NetAddress | undefined {
    return visit instanceof FakeVisit ? visit.remoteAddress : undefined;
  }

  upgrade(_request: Request, visit: unknown, _peer: unknown, { opened, failed }: UpgradeEnd): undefined {
    this.accept(visit).then(opened, failed);
  }

  /** Accepts a dial; resolves when the server's end is open. */
  accept(visit: unknown): Promise<FakeSocket> {
    if (!(visit instanceof FakeVisit)) throw new Error("not a WebSocket upgrade");
    return visit.upgrade(this.#end(0));
  }

  #end(port: number): EndOptions {
    const { hostname, canPause } = this.#options;
    return { address: { hostname, port, transport: "tcp" }, canPause };
  }
}

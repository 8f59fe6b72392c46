import { abortable } from "@std/async/abortable";
import { clientAddress, isOriginAllowed } from "../admission/admission.ts";
import { messageOf } from "../describe.ts";
import { type Environment, systemEnvironment } from "../environment.ts";
import { PoolError } from "../errors.ts";
import type { RefuseDetail } from "../events.ts";
import { IdSpace } from "../id.ts";
import { serverHandshake1, serverHandshake2 } from "../link/handshake.ts";
import type { Link } from "../link/link.ts";
import { type ServerPoolOptions, type ServerSettings, serverSettings } from "../options/server_options.ts";
import type { Listener } from "../runtime/runtime.ts";
import type { NetAddress, Socket } from "../runtime/socket.ts";
import type { Counters } from "../stats.ts";
import { Attempts } from "../time/attempts.ts";
import { Demand } from "./demand.ts";
import { Pool } from "./pool.ts";

/** How long `authorize` may take, in milliseconds. */
const AUTHORIZE_TIMEOUT_MS = 10_000;

/** How long a client may take from the upgrade to its hello, in milliseconds (docs/wire.md section 2.1). */
const HELLO_TIMEOUT_MS = 10_000;

/** How long a full pool asks the client to wait, in seconds (RFC 9110 section 10.2.3). */
const RETRY_AFTER_S = 1;

/** The answer to an upgrade, as Bun expects it: undefined once the socket has taken over the request. */
type Answer = Response | undefined;

/**
 * The side that is dialed: it admits clients, assigns ids to their links, and hands them out (npws `ServerPool`). It listens on
 * its own (`start()`), or is mounted in the application's own server (`fetch`, `websocket`).
 *
 * @example
 * ```ts
 * import { ServerPool } from "@npws/pool";
 *
 * await using pool = new ServerPool({ hostname: "127.0.0.1", maxCapacity: 50 });
 * await pool.start();
 * console.log(pool.address.port, pool.isReady);
 * ```
 */
export class ServerPool extends Pool {
  readonly #settings: ServerSettings;
  readonly #environment: Environment;
  readonly #ids: IdSpace;
  readonly #attempts: Attempts;
  readonly #demand: Demand;
  #beginning: Promise<void> | undefined;
  #listener: Listener | undefined;
  /** Upgrades that were admitted but are not links yet: each already has its place among the idle ones. */
  #opening = 0;
  #hasAnswered = false;

  /**
   * Checks the options; does not listen before `start()`.
   *
   * @throws {TypeError | RangeError} An option is wrong; the message names it and the value.
   * @throws {NotSupportedError} This runtime cannot do what an option asks.
   */
  constructor(options?: ServerPoolOptions);
  constructor(options?: ServerPoolOptions, environment: Environment = systemEnvironment) {
    const settings = serverSettings(options);
    environment.runtime.checkServe(settings.listen);
    const ids = new IdSpace();
    super(settings, environment, ids);
    this.#ids = ids;
    this.#settings = settings;
    this.#environment = environment;
    this.#attempts = new Attempts(environment.clock);
    this.#demand = new Demand(environment.clock, this.links, this.calls);
    this.websocket = environment.runtime.websocket(settings.listen.maxMessageBytes);
  }

  /**
   * Answers one request: upgrades it to a link, or refuses it. Use it instead of `start()` to mount the pool in a server of
   * your own: `Deno.serve(pool.fetch)`, `Bun.serve({ fetch: pool.fetch, websocket: pool.websocket })`, or inside a framework's
   * route. The second argument is what the runtime's server passes to its handler. A request that is not a WebSocket upgrade
   * gets 426. On Bun it returns undefined after an upgrade, as Bun.serve expects; its type omits that, because Deno.serve does
   * not accept a handler whose type includes it.
   */
  readonly fetch: (request: Request, serverOrInfo: unknown) => Response | Promise<Response> = (request, serverOrInfo) =>
    this.#answer(request, serverOrInfo) as Response | Promise<Response>;

  /** Bun's WebSocket handler object, for `Bun.serve({ websocket })`; an empty object on Deno. */
  readonly websocket: object;

  /**
   * The bound address; with `port: 0` it has the actual port.
   *
   * @throws {PoolError} The pool does not listen: `start()` has not resolved.
   */
  get address(): NetAddress {
    if (!this.#listener) throw new PoolError("Cannot get the address: the pool is not listening");
    return this.#listener.address;
  }

  /** The pool is not closed, and it listens, or is mounted and has answered a request. */
  get isReady(): boolean {
    return (this.#listener !== undefined || this.#hasAnswered) && !this.isClosed;
  }

  /** `maxCapacity`. */
  get capacity(): number {
    return this.#settings.maxCapacity;
  }

  /** 0: a server creates no links. */
  get intervalMs(): number {
    return 0;
  }

  /** @internal */
  protected get hasNamedPeers(): boolean {
    return this.#settings.protocol !== 1;
  }

  /** @internal */
  protected get dialing(): number {
    return this.#opening;
  }

  /** @internal */
  protected begin(signal: AbortSignal): Promise<void> {
    return this.#beginning = this.#listen(signal);
  }

  async #listen(signal: AbortSignal): Promise<void> {
    const { runtime } = this.#environment;
    const listener = await runtime.serve(this.#settings.listen, this.fetch).catch((error) => {
      this.obstacle = { what: "start() failed", error };
      this.countError(error);
      throw error;
    });
    if (this.isClosed) {
      await listener.close();
      signal.throwIfAborted();
      throw this.closedWhileStarting();
    }
    this.#listener = listener;
  }

  /** @internal */
  protected async end(): Promise<void> {
    this.#demand.stop();
    await this.#attempts.end(this.closedWhileStarting());
  }

  /**
   * Comes last, because a listener that closes drops its WebSockets.
   *
   * @internal
   */
  protected async release(): Promise<void> {
    await this.#beginning?.catch(() => {}); // which closes the listener if it was bound after the pool was closed
    await this.#listener?.close();
  }

  /** @internal */
  protected callWaits(): void {
    this.#demand.rose();
  }

  /**
   * Streams that end together, and links that were opening meanwhile, may exceed the capacity.
   *
   * @internal
   */
  protected override linkIdles(link: Link): void {
    if (this.active > this.#settings.maxCapacity) this.retire(link, "above capacity");
  }

  /** @internal */
  protected isDueToRetire(): boolean {
    return this.active >= this.#settings.maxCapacity;
  }

  #answer(request: Request, serverOrInfo: unknown): Answer | Promise<Answer> {
    this.#hasAnswered = true;
    const url = URL.parse(request.url);
    const refusal = this.#refuseRequest(request, url);
    if (refusal) return refusal;
    if (this.isClosed) return text(503, "Service Unavailable");
    const peer = this.#environment.runtime.remoteAddress(request, serverOrInfo);
    const client = this.#clientAddress(request, peer);
    const { allow, origins, tokens, authorize } = this.#settings;
    if (allow && !allow.has(client?.hostname)) return this.#refuse("forbidden", client);
    if (!isOriginAllowed(request.headers.get("origin"), origins)) return this.#refuse("forbidden", client);
    if (tokens && !tokens.accepts(request.headers.get("authorization"))) return this.#refuse("unauthorized", client);
    const isNpws2 = this.#settings.protocol !== 1 && url!.searchParams.get("npws") === "2";
    const visit = { request, serverOrInfo, peer, client, isNpws2 };
    if (!authorize) return this.#upgrade(visit);
    return this.#authorize(visit).then((isAuthorized) =>
      isAuthorized || this.isClosed ? this.#upgrade(visit) : this.#refuse("unauthorized", client)
    );
  }

  /** Answers requests that do not concern the pool, before any check whose outcome an outsider should not learn. */
  #refuseRequest(request: Request, url: URL | null): Response | undefined {
    const { path } = this.#settings;
    // The runtimes put the Host header into the URL, which can make it invalid or give it a path other than the request's.
    if (!url || /[/?#@\\]/.test(request.headers.get("host") ?? "")) return text(400, "Bad Request");
    if (path !== undefined && url.pathname !== path) return text(404, "Not Found");
    return isUpgrade(request) ? undefined : text(426, "Upgrade Required", UPGRADE_HEADERS);
  }

  /** The client's address; the port is 0 if a proxy reported it. */
  #clientAddress(request: Request, peer: NetAddress | undefined): NetAddress | undefined {
    const forwardedFor = request.headers.get("x-forwarded-for");
    if (!forwardedFor) return peer;
    const hostname = clientAddress(peer?.hostname, forwardedFor, this.#settings.trustedProxies);
    if (hostname === undefined) return undefined;
    if (hostname === peer?.hostname) return peer;
    return { hostname, port: 0, transport: "tcp" };
  }

  /** Asks the application. If `authorize` throws or takes too long, the request is refused. */
  async #authorize({ request, client: remoteAddress }: Visit): Promise<boolean> {
    const late = `Cannot authorize request: no answer within ${AUTHORIZE_TIMEOUT_MS} ms`;
    try {
      const answer = Promise.resolve(this.#settings.authorize!(request, { remoteAddress }));
      return await this.#attempts.run(AUTHORIZE_TIMEOUT_MS, late, (signal) => abortable(answer, signal)) === true;
    } catch (error) {
      if (!this.isClosed) this.countError(error);
      return false;
    }
  }

  #refuse(reason: RefuseDetail["reason"], remoteAddress: NetAddress | undefined): Response {
    const { counter, response } = REFUSALS[reason];
    this.counters[counter]++;
    this.emit("refuse", { reason, remoteAddress });
    return response();
  }

  /** Gives the client a place in the same turn in which it was seen to be free, so that the limits are never exceeded. */
  #upgrade({ request, serverOrInfo, peer, client, isNpws2 }: Visit): Answer {
    const { protocol, maxCapacity, maxLinks } = this.#settings;
    if (this.isClosed) return text(503, "Service Unavailable");
    if (protocol === 2 && !isNpws2) return text(426, "Upgrade Required: this server speaks npws/2 only");
    const openLinks = this.links.size - this.links.closing;
    const isFull = this.active + this.#opening >= maxCapacity || openLinks + this.#opening >= maxLinks;
    if (isFull) return this.#refuse("full", client);
    this.#opening++;
    try {
      return this.#environment.runtime.upgrade(request, serverOrInfo, peer, {
        opened: (socket) => this.#opened(socket, isNpws2),
        failed: (error) => this.#didNotOpen(error),
      });
    } catch (error) {
      this.#didNotOpen(error);
      return text(400, "Bad Request");
    }
  }

  /** Turns an admitted socket into a link. */
  async #opened(socket: Socket, isNpws2: boolean): Promise<void> {
    let link: Link;
    try {
      link = await this.#shakeHands(socket, isNpws2);
    } catch (error) {
      return this.#didNotOpen(error);
    }
    this.#opening--;
    this.admit(link);
  }

  async #shakeHands(socket: Socket, isNpws2: boolean): Promise<Link> {
    if (this.isClosed) {
      socket.terminate();
      throw this.closedWhileStarting();
    }
    const id = this.#ids.allocate();
    if (!isNpws2) return serverHandshake1(socket, this.linkHost, id);
    const hello = { window: this.#settings.windowBytes, pool: this.poolId, bundles: true };
    const late = `not complete within ${HELLO_TIMEOUT_MS} ms`;
    try {
      return await this.#attempts.run(
        HELLO_TIMEOUT_MS,
        late,
        (signal) => serverHandshake2(socket, this.linkHost, id, hello, signal),
      );
    } catch (error) {
      this.#ids.release(id);
      throw error;
    }
  }

  #didNotOpen(cause: unknown): void {
    this.#opening--;
    if (this.isClosed) return;
    this.countDialFailure(new PoolError(`Cannot open link: ${messageOf(cause)}`, { cause }));
  }
}

/** An upgrade request. */
interface Visit {
  readonly request: Request;
  /** The second argument of the request handler. */
  readonly serverOrInfo: unknown;
  /** The other end of the TCP connection. */
  readonly peer: NetAddress | undefined;
  /** The client, as far as trusted proxies tell. */
  readonly client: NetAddress | undefined;
  /** Whether it offers npws/2, and the pool does not refuse that. */
  readonly isNpws2: boolean;
}

/** What is counted and answered for each refusal reason. */
const REFUSALS = {
  forbidden: { counter: "refusedForbidden", response: () => text(403, "Forbidden") },
  unauthorized: {
    counter: "refusedUnauthorized",
    response: () => text(401, "Unauthorized", { "www-authenticate": "Bearer" }),
  },
  full: {
    counter: "refusedFull",
    response: () => text(503, "Service Unavailable", { "retry-after": `${RETRY_AFTER_S}` }),
  },
} as const satisfies Record<RefuseDetail["reason"], { counter: keyof Counters; response: () => Response }>;

/** What a request that is no upgrade should ask for (RFC 9110 section 15.5.22, RFC 6455 section 4.2.2). */
const UPGRADE_HEADERS = { upgrade: "websocket", connection: "Upgrade", "sec-websocket-version": "13" };

/** Whether a request asks for WebSocket as RFC 6455 section 4.1 says; Deno itself upgrades any method and version. */
function isUpgrade({ method, headers }: Request): boolean {
  const isForWebSocket = headers.get("upgrade")?.toLowerCase() === "websocket";
  return isForWebSocket && method === "GET" && headers.get("sec-websocket-version") === "13";
}

function text(status: number, body: string, headers?: Record<string, string>): Response {
  return new Response(`${body}\n`, { status, headers: { "content-type": "text/plain", ...headers } });
}

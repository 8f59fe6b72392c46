import { type PoolConnection, ServerPool } from "@npws/pool";
import type { Certificate } from "./certificate.ts";
import { ClientSession, type SessionHost } from "./client_session.ts";
import { ControlChannel } from "./control_channel.ts";
import { formatHostPort, type HostPort } from "./host_port.ts";
import { POOL_OPTIONS } from "./limits.ts";
import type { Log } from "./log.ts";
import { decodeClientPurpose } from "./messages.ts";
import { fromFlags } from "./pool_flags.ts";
import type { Ending } from "./program.ts";
import type { ServerOptions } from "./server_options.ts";
import { Splicer } from "./splicer.ts";

/** The side with the public ports. */
export class TunnelServer {
  readonly #options: ServerOptions;
  readonly #certificate: Certificate | undefined;
  readonly #log: Log;
  readonly #stop: AbortSignal;
  readonly #splicer: Splicer;
  readonly #pool: ServerPool;
  readonly #sessions = new Map<string, ClientSession>();
  readonly #host: SessionHost;

  /**
   * @param certificate Undefined: plain ws://.
   * @throws {ExitError} An option is wrong.
   */
  constructor(options: ServerOptions, certificate: Certificate | undefined, log: Log, ending: Ending) {
    this.#options = options;
    this.#certificate = certificate;
    this.#log = log;
    this.#stop = ending.stop;
    this.#splicer = new Splicer(log, ending.abort);
    const { listen, tokens, maxLinks } = options;
    this.#pool = fromFlags(() =>
      new ServerPool({
        ...listen,
        ...POOL_OPTIONS,
        tls: certificate && { cert: certificate.cert, key: certificate.key },
        token: tokens.length > 0 ? [...tokens] : undefined,
        protocol: 2,
        maxCapacity: maxLinks,
        maxLinks,
        acceptBacklog: maxLinks,
      })
    );
    this.#host = { ...options, splicer: this.#splicer, open: (options) => this.#pool.open(options) };
    this.#pool.addEventListener("refuse", ({ detail: { reason, remoteAddress } }) => {
      // Without the port, which differs each time: the log counts repeated warnings.
      log.warn(`Refused a client from ${remoteAddress?.hostname ?? "an unknown address"}: ${reason}`);
    });
  }

  /**
   * Runs until it is told to end, then gives connections time to end.
   *
   * @throws {PoolError} The bind error.
   */
  async run(): Promise<void> {
    await this.#pool.start();
    this.#tellAddress();
    try {
      for await (const stream of this.#pool.accepted({ signal: this.#stop })) this.#route(stream);
    } finally {
      await this.#close();
    }
  }

  #tellAddress(): void {
    const address = formatHostPort(this.#pool.address);
    const tls = this.#certificate ? `wss, certificate SHA-256 ${this.#certificate.sha256}` : "ws, no TLS";
    this.#log.info(`Listening on ${address} (${tls})`);
    if (this.#options.tokens.length === 0) this.#log.warn("No --token given: every client is admitted");
  }

  /** Frees the public ports, lets connections end, and aborts those that take too long. */
  async #close(): Promise<void> {
    const { drainMs } = this.#options;
    this.#log.info(`Shutting down: open connections have ${drainMs / 1_000} s to finish`);
    for (const session of this.#sessions.values()) session.close();
    await Promise.all([this.#pool.close({ drainMs }), this.#splicer.drain(drainMs)]);
  }

  #route(stream: PoolConnection): void {
    try {
      const purpose = decodeClientPurpose(stream.metadata);
      const { peer } = stream;
      // Without a name, its connections would go to an arbitrary client.
      if (peer === undefined) throw new Error("Cannot serve stream: its link has no name");
      if (purpose.kind === "connect") this.#connect(stream, purpose.target);
      else this.#admit(stream, peer, purpose.name ?? peer);
    } catch (error) {
      this.#log.warn((error as Error).message);
      stream.abort("Cannot serve stream: it does not belong to this tunnel");
    }
  }

  /** Starts a client's session, replacing an earlier one with the same name. */
  async #admit(stream: PoolConnection, instance: string, name: string): Promise<void> {
    const earlier = this.#sessions.get(name);
    const ports = earlier?.handOver() ?? [];
    const session = new ClientSession(name, instance, new ControlChannel(stream), this.#host, ports);
    this.#sessions.set(name, session);
    if (earlier) {
      earlier.instance === instance ? earlier.close() : earlier.replaced();
      earlier.endOpensSoon();
    }
    await session.run();
    if (this.#sessions.get(name) === session) this.#sessions.delete(name);
    await session.endOpensSoon();
  }

  /** Connects a client to a target, if that is allowed. */
  async #connect(stream: PoolConnection, target: HostPort): Promise<void> {
    const to = formatHostPort(target);
    try {
      if (!this.#options.allowTargets?.has(target)) {
        throw new Error(`Cannot connect to ${to}: this server does not allow that target`);
      }
      await this.#splicer.joinTarget(target, stream, () => `connection of ${stream.peer} to ${to}`);
    } catch (error) {
      const why = (error as Error).message;
      this.#log.warn(`${stream.peer}: ${why}`);
      stream.abort(why);
    }
  }
}

import { ClientPool, type PoolConnection } from "@npws/pool";
import { randomBytes } from "node:crypto";
import { setTimeout as delay } from "node:timers/promises";
import type { ClientOptions } from "./client_options.ts";
import { ControlChannel } from "./control_channel.ts";
import { ExitCode, ExitError } from "./exit_error.ts";
import { ForwardedPort } from "./forwarded_port.ts";
import { formatHostPort, type HostPort } from "./host_port.ts";
import { OPEN_TIMEOUT_MS, POOL_OPTIONS } from "./limits.ts";
import type { Log } from "./log.ts";
import { decodeServerPurpose, encodeClientPurpose } from "./messages.ts";
import { fromFlags } from "./pool_flags.ts";
import type { Ending } from "./program.ts";
import { ServerSession } from "./server_session.ts";
import { Splicer } from "./splicer.ts";

/** The pause before the next session, in milliseconds; doubled each time the server sends nothing. */
const RETRY_MS = { first: 100, longest: 5_000 } as const;

/** The side with the private targets. */
export class TunnelClient {
  readonly #options: ClientOptions;
  /** The server's URL, as the log shows it: its query may hold a secret. */
  readonly #server: string;
  readonly #log: Log;
  readonly #stop: AbortSignal;
  readonly #splicer: Splicer;
  readonly #pool: ClientPool;
  /** Aborted when the client cannot go on, with the reason. */
  readonly #failed = new AbortController();
  readonly #locals: ForwardedPort[] = [];

  /** @throws {ExitError} An option is wrong. */
  constructor(options: ClientOptions, log: Log, ending: Ending) {
    this.#options = options;
    this.#server = options.url.replace(/\?.*/s, "?…");
    this.#log = log;
    this.#stop = ending.stop;
    this.#splicer = new Splicer(log, ending.abort);
    const { url, token, tls, minLinks, maxLinks } = options;
    this.#pool = fromFlags(() =>
      new ClientPool({
        ...POOL_OPTIONS,
        url,
        token,
        tls,
        // Unique to each process, so that no connection goes to the links of one that has just ended.
        name: `${options.name ?? "unnamed"}.${randomBytes(4).toString("hex")}`,
        minCapacity: minLinks,
        maxCapacity: maxLinks,
        acceptBacklog: maxLinks,
      })
    );
    if (takesAnyCertificate(tls)) {
      log.warn("The server's certificate is not verified: use --pin to accept only the right one");
    }
    this.#watchDials();
  }

  /**
   * Runs until it is told to end, then gives connections time to end.
   *
   * @throws {ExitError} The client cannot go on.
   */
  async run(): Promise<void> {
    const failed = this.#failed.signal;
    try {
      await this.#listenLocally();
      this.#pool.start();
      this.#serve().catch((error) => this.#failed.abort(error));
      await this.#stayConnected(AbortSignal.any([this.#stop, failed]));
    } finally {
      await this.#close();
    }
    failed.throwIfAborted();
  }

  /** Lets connections end, and aborts those that take too long. */
  async #close(): Promise<void> {
    const { drainMs } = this.#options;
    if (this.#pool.isReady) this.#log.info(`Shutting down: open connections have ${drainMs / 1_000} s to finish`);
    for (const port of this.#locals) port.close();
    await Promise.all([this.#pool.close({ drainMs }), this.#splicer.drain(drainMs)]);
  }

  /** Ends the client when trying again is pointless. */
  #watchDials(): void {
    this.#pool.addEventListener("linkopen", ({ detail: { protocol } }) => {
      if (protocol === 1) {
        this.#refused(
          `Cannot tunnel through ${this.#server}: the server speaks only npws/1, which does not support the tunnel`,
        );
      }
    });
    this.#pool.addEventListener("dialerror", ({ detail: { error } }) => {
      if (!this.#pool.isReady && /: server answered 40[13]\b/.test(error.message)) return this.#refused(error.message);
      this.#log.warn(`${error.message}; trying again`);
    });
  }

  #refused(why: string): void {
    this.#failed.abort(new ExitError(ExitCode.refused, why));
  }

  async #listenLocally(): Promise<void> {
    for (const { listen: { hostname = "127.0.0.1", port }, target } of this.#options.locals) {
      const address = { hostname, port };
      const owner = { name: "the server", wantsSources: false, open: () => this.#openTo(target) };
      try {
        const local = await ForwardedPort.listen(address, owner, 0, this.#splicer);
        this.#locals.push(local);
        this.#log.info(`${local.address} leads to ${formatHostPort(target)} from the server`);
      } catch (error) {
        const why = `Cannot listen on ${formatHostPort(address)}: ${(error as Error).message}`;
        throw new ExitError(ExitCode.failed, why, { cause: error });
      }
    }
  }

  #openTo(target: HostPort): Promise<PoolConnection> {
    const metadata = encodeClientPurpose({ kind: "connect", target });
    return this.#pool.open({ early: true, metadata, timeoutMs: OPEN_TIMEOUT_MS });
  }

  /** Holds one session after another with the server. */
  async #stayConnected(ended: AbortSignal): Promise<void> {
    let pauseMs: number = RETRY_MS.first;
    while (!ended.aborted) {
      const wasHeard = await this.#holdSession(ended);
      if (wasHeard) pauseMs = RETRY_MS.first;
      await delay(pauseMs, undefined, { signal: ended }).catch(() => {});
      pauseMs = Math.min(2 * pauseMs, RETRY_MS.longest);
    }
  }

  /** Resolves when a session has ended, for whatever reason, with whether the server has sent anything in it. */
  async #holdSession(ended: AbortSignal): Promise<boolean> {
    const { name, forwards } = this.#options;
    const metadata = encodeClientPurpose({ kind: "control", name });
    let session: ServerSession | undefined;
    try {
      const stream = await this.#pool.open({ early: true, metadata, timeoutMs: Infinity, signal: ended });
      session = new ServerSession(new ControlChannel(stream), forwards, this.#log);
      await session.run(ended);
      if (!ended.aborted) this.#log.warn(`The server at ${this.#server} ended the session; reconnecting`);
    } catch (error) {
      const { message } = error as Error;
      if (error instanceof ExitError) this.#failed.abort(error);
      else if (!ended.aborted) this.#log.warn(`Lost the server at ${this.#server}: ${message}; reconnecting`);
    }
    return session?.wasHeard ?? false;
  }

  async #serve(): Promise<void> {
    for await (const stream of this.#pool.accepted()) this.#connect(stream);
  }

  /** Connects a stream from the server to its target. */
  async #connect(stream: PoolConnection): Promise<void> {
    try {
      const { index, from } = decodeServerPurpose(stream.metadata);
      const target = this.#options.forwards[index]?.target;
      if (!target) throw new Error(`Cannot serve stream: it is for port index ${index}, which was not requested`);
      await this.#splicer.joinTarget(
        target,
        stream,
        () => `connection from ${from ?? "an unknown address"} to ${formatHostPort(target)}`,
      );
    } catch (error) {
      const why = (error as Error).message;
      this.#log.warn(why);
      stream.abort(why);
    }
  }
}

function takesAnyCertificate(tls: ClientOptions["tls"]): boolean {
  return typeof tls === "object" && tls.mode === "self-signed" && tls.pinSha256 === undefined;
}

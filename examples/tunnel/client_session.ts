import type { PoolConnection } from "@npws/pool";
import { setTimeout as delay } from "node:timers/promises";
import type { ControlChannel } from "./control_channel.ts";
import { ForwardedPort, type PortOwner } from "./forwarded_port.ts";
import { formatHostPort, type HostPort } from "./host_port.ts";
import { OPEN_TIMEOUT_MS } from "./limits.ts";
import { decodePortRequest, encodeServerPurpose, type FromServer, type PortRequest } from "./messages.ts";
import type { PortSet } from "./port_set.ts";
import type { Splicer } from "./splicer.ts";

/**
 * How long after the session's end connections that arrived before it may still be opened, in milliseconds. A client that
 * leaves gracefully answers those that reached it; a client that is lost answers none.
 */
const LAST_OPENS_MS = 1_000;

/** What a session needs from the server. */
export interface SessionHost {
  readonly allowPorts: PortSet;
  /** The address of ports for which the client names none. */
  readonly bind: string;
  readonly splicer: Splicer;
  readonly open: (options: OpenOptions) => Promise<PoolConnection>;
}

export interface OpenOptions {
  readonly peer: string;
  readonly metadata: Uint8Array;
  readonly signal: AbortSignal;
  readonly timeoutMs: number;
  readonly early: boolean;
}

/** One client, from the start of its control stream to its end, and the ports that it asked for. */
export class ClientSession implements PortOwner {
  readonly name: string;
  /** The name of its links. Another process with the same client name has a different one. */
  readonly instance: string;
  readonly #control: ControlChannel;
  readonly #host: SessionHost;
  /** Aborted when nothing more may be opened. */
  readonly #opens = new AbortController();
  #isOver = false;
  #wantsSources = false;
  #ports: ForwardedPort[];
  /** The metadata of connections to each port, without their sources. */
  readonly #purposes: Uint8Array[] = [];

  /** @param inherited Ports of the session that this one replaces. */
  constructor(name: string, instance: string, control: ControlChannel, host: SessionHost, inherited: ForwardedPort[]) {
    this.name = name;
    this.instance = instance;
    this.#control = control;
    this.#host = host;
    this.#ports = inherited;
  }

  get wantsSources(): boolean {
    return this.#wantsSources;
  }

  /** Serves the client until it leaves, is lost or is replaced. Never rejects. */
  async run(): Promise<void> {
    const { log } = this.#host.splicer;
    log.info(`${this.name}: connected`);
    try {
      for await (const line of this.#control.lines()) await this.#listen(decodePortRequest(line));
      if (!this.#isOver) log.info(`${this.name}: disconnected`);
    } catch (error) {
      if (!this.#isOver) log.warn(`${this.name}: connection lost: ${(error as Error).message}`);
      this.#endOpens();
    }
    await this.close();
  }

  /** Ends the session without freeing its ports: they are the caller's now. */
  handOver(): ForwardedPort[] {
    this.#isOver = true;
    const ports = this.#ports;
    this.#ports = [];
    return ports;
  }

  /** Frees the ports and ends the control stream; connections go on, and those that have arrived are still opened. */
  async close(): Promise<void> {
    for (const port of this.handOver()) port.close();
    await this.#control.close();
  }

  /** Tells the client that another one has its name now. */
  replaced(): void {
    this.#tell({ kind: "replaced" });
    this.#control.end();
  }

  /** Gives an ended session a short time to open the connections that arrived before its end, then lets it open no more. */
  async endOpensSoon(): Promise<void> {
    await delay(LAST_OPENS_MS, undefined, { ref: false });
    this.#endOpens();
  }

  open(index: number, from: string | undefined): Promise<PoolConnection> {
    return this.#host.open({
      peer: this.instance,
      metadata: this.#purposeOf(index, this.#wantsSources ? from : undefined),
      signal: this.#opens.signal,
      timeoutMs: OPEN_TIMEOUT_MS,
      early: true,
    });
  }

  #purposeOf(index: number, from: string | undefined): Uint8Array {
    if (from !== undefined) return encodeServerPurpose({ index, from });
    return this.#purposes[index] ??= encodeServerPurpose({ index, from });
  }

  /** Listens on the requested ports, keeps those that are already open, and frees all others. */
  async #listen({ ports, wantsSources }: PortRequest): Promise<void> {
    this.#wantsSources = wantsSources;
    const requests = ports.map(({ hostname = this.#host.bind, port }) => ({ hostname, port }));
    const kept = requests.map((request) => this.#keep(request));
    for (const port of this.#ports) port.close();
    this.#ports = kept.filter((port) => port !== undefined);
    for (const [index, request] of requests.entries()) {
      if (this.#isOver) return; // ended while a port was being bound: another session has the ports now
      kept[index]?.moveTo(this, index);
      // Waits, so that answers cannot pile up for a client that keeps asking and does not read.
      await this.#tell(kept[index] ? listening(index, kept[index]) : await this.#bind(index, request));
    }
  }

  /** Takes a port that is already open out of the list. */
  #keep({ hostname, port }: HostPort): ForwardedPort | undefined {
    const at = this.#ports.findIndex(({ requested }) => requested.hostname === hostname && requested.port === port);
    return at < 0 ? undefined : this.#ports.splice(at, 1)[0];
  }

  async #bind(index: number, request: HostPort): Promise<FromServer> {
    const { allowPorts, splicer } = this.#host;
    if (!allowPorts.has(request.port)) {
      return this.#refuse(index, `Cannot listen on port ${request.port}: this server allows only ${allowPorts}`, true);
    }
    try {
      const port = await ForwardedPort.listen(request, this, index, splicer);
      if (this.#isOver) port.close();
      else {
        this.#ports.push(port);
        splicer.log.info(`${this.name}: listening on ${port.address}`);
      }
      return listening(index, port);
    } catch (error) {
      return this.#refuse(index, `Cannot listen on ${formatHostPort(request)}: ${(error as Error).message}`, false);
    }
  }

  #refuse(index: number, reason: string, isFinal: boolean): FromServer {
    this.#host.splicer.log.warn(`${this.name}: ${reason}`);
    return { kind: "refused", index, reason, isFinal };
  }

  #endOpens(): void {
    this.#opens.abort(new Error(`${this.name} has disconnected`));
  }

  #tell(message: FromServer): Promise<void> {
    return this.#control.send(message);
  }
}

function listening(index: number, { address }: ForwardedPort): FromServer {
  return { kind: "listening", index, address };
}

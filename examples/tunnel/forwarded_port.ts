import type { PoolConnection } from "@npws/pool";
import { formatHostPort, type HostPort } from "./host_port.ts";
import type { Log } from "./log.ts";
import { splice } from "./splice.ts";
import { TcpListener } from "./tcp.ts";
import type { TcpSocket } from "./tcp_socket.ts";

/** Where the connections of a port go. */
export interface PortOwner {
  /** For the log. */
  readonly name: string;
  /**
   * Opens a stream for a connection.
   *
   * @param index Which of the owner's ports it came to.
   * @param from Who connected.
   */
  open(index: number, from: string): Promise<PoolConnection>;
}

/** A port whose connections go through the tunnel. It may change its owner, and nobody outside notices. */
export class ForwardedPort {
  /** What was asked for; its port may be 0. */
  readonly requested: HostPort;
  readonly #log: Log;
  #listener!: TcpListener;
  #owner: PortOwner;
  #index: number;

  /** @throws {Error} The bind error; the message is the reason alone. */
  static async listen(requested: HostPort, owner: PortOwner, index: number, log: Log): Promise<ForwardedPort> {
    const port = new ForwardedPort(requested, owner, index, log);
    port.#listener = await TcpListener.listen(requested, {
      connected: (socket, from) => port.#connect(socket, from),
      failed: (error) => log.warn(`Cannot accept a connection to ${port.address}: ${error.message}`),
    });
    return port;
  }

  private constructor(requested: HostPort, owner: PortOwner, index: number, log: Log) {
    this.requested = requested;
    this.#owner = owner;
    this.#index = index;
    this.#log = log;
  }

  get address(): string {
    return formatHostPort(this.#listener.address);
  }

  moveTo(owner: PortOwner, index: number): void {
    this.#owner = owner;
    this.#index = index;
  }

  /** Frees the port; connections go on. */
  close(): void {
    this.#listener.close();
  }

  async #connect(socket: TcpSocket, address: HostPort): Promise<void> {
    const owner = this.#owner;
    const from = formatHostPort(address);
    const describe = () => `connection from ${from} to ${this.address} of ${owner.name}`;
    try {
      const connection = await owner.open(this.#index, from);
      const reason = await splice(socket, connection, describe, this.#log);
      if (reason !== undefined) this.#log.warn(`${owner.name}: ${reason}`);
    } catch (error) {
      socket.reset();
      this.#log.warn(`Cannot lead a connection from ${this.address} to ${owner.name}: ${(error as Error).message}`);
    }
  }
}

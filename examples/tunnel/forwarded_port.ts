import type { PoolConnection } from "@npws/pool";
import { formatHostPort, type HostPort } from "./host_port.ts";
import type { Splicer } from "./splicer.ts";
import { listenTcp } from "./tcp.ts";
import type { TcpListener, TcpSocket } from "./tcp_socket.ts";

/** Where the connections of a port go. */
export interface PortOwner {
  /** Who is at the other end of the tunnel, for the log. */
  readonly name: string;
  /** Whether it must be told who connected. */
  readonly wantsSources: boolean;
  /**
   * Opens a stream for a connection.
   *
   * @param index Which of the owner's ports it arrived at.
   * @param from Who connected, if that is wanted.
   */
  open(index: number, from: string | undefined): Promise<PoolConnection>;
}

/** A port whose connections go through the tunnel. Its owner may change without anybody outside noticing. */
export class ForwardedPort {
  /** The requested address; its port may be 0. */
  readonly requested: HostPort;
  readonly #splicer: Splicer;
  #listener!: TcpListener;
  #owner: PortOwner;
  #index: number;

  /** @throws {Error} The bind error; its message is only the reason. */
  static async listen(requested: HostPort, owner: PortOwner, index: number, splicer: Splicer): Promise<ForwardedPort> {
    const port = new ForwardedPort(requested, owner, index, splicer);
    port.#listener = await listenTcp(requested, {
      connected: (socket, from) => port.#connect(socket, from),
      failed: (error) => splicer.log.warn(`Cannot accept a connection to ${port.address}: ${error.message}`),
    });
    return port;
  }

  private constructor(requested: HostPort, owner: PortOwner, index: number, splicer: Splicer) {
    this.requested = requested;
    this.#owner = owner;
    this.#index = index;
    this.#splicer = splicer;
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

  async #connect(socket: TcpSocket, address: () => HostPort): Promise<void> {
    const owner = this.#owner;
    const from = owner.wantsSources || this.#splicer.log.isVerbose ? formatHostPort(address()) : undefined;
    const describe = () => `connection from ${from} to ${this.address} through ${owner.name}`;
    try {
      const connection = await owner.open(this.#index, from);
      this.#splicer.join(socket, connection, describe, owner.name);
    } catch (error) {
      socket.resetAndDestroy();
      this.#splicer.log.warn(
        `Cannot forward a connection to ${this.address} through ${owner.name}: ${(error as Error).message}`,
      );
    }
  }
}

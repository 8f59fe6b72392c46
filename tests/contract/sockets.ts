import { runtime } from "../../src/runtime/detect.ts";
import type { DialOptions, Listener } from "../../src/runtime/runtime.ts";
import type { Message, NetAddress, Socket, SocketHandler } from "../../src/runtime/socket.ts";
import { Npws1Server, requestUpgrade } from "../npws1_peer.ts";
import type { RawLink } from "../raw_link.ts";

/** An event that a socket reported to its handler. */
export type Told = { message: Message } | { drain: true } | { code: number; reason: string };

/** A handler that records what is reported to it. */
export class Recorder implements SocketHandler {
  readonly told: Told[] = [];
  #wake: (() => void) | undefined;
  #read = 0;

  onMessage(message: Message): void {
    this.#tell({ message });
  }

  onDrain(): void {
    this.#tell({ drain: true });
  }

  onClose(code: number, reason: string): void {
    this.#tell({ code, reason });
  }

  /** The next event, in order. */
  async next(): Promise<Told> {
    while (this.#read === this.told.length) await new Promise<void>((resolve) => this.#wake = resolve);
    return this.told[this.#read++];
  }

  #tell(told: Told): void {
    this.told.push(told);
    this.#wake?.();
  }
}

/** A socket of the module, whose peer the test holds. */
export interface Rig extends AsyncDisposable {
  socket: Socket;
  heard: Recorder;
  peer: RawLink;
}

/** One end of a link, opened on the runtime that the test runs on. */
export interface Role {
  name: string;
  open(): Promise<Rig>;
  /** Whether the role can pause on this runtime. */
  canPause: boolean;
  /** Whether `close` sends the protocol's own codes unchanged. */
  takesProtocolCodes: boolean;
  /** Whether a close is reported soon after the close frames. Bun's client waits forever for the end of the TCP connection. */
  waitsForNoTcpEnd: boolean;
  /** Whether messages of more than 16 MiB are refused; elsewhere the runtime has a limit of its own, or none. */
  limitsMessages?: boolean;
}

const isBun = runtime.name === "bun";

/** All ends that a link can have on this runtime. */
export const roles: Role[] = [
  {
    name: "a client's socket",
    open: () => openClientRig({}),
    canPause: true,
    takesProtocolCodes: true,
    limitsMessages: !isBun,
    waitsForNoTcpEnd: !isBun,
  },
  {
    name: "a client's global WebSocket",
    open: () => openClientRig({ WebSocket }),
    canPause: isBun,
    takesProtocolCodes: isBun,
    waitsForNoTcpEnd: !isBun,
  },
  {
    name: "a client's WebSocket of its own",
    open: () => openClientRig({ WebSocket: class extends WebSocket {} }),
    canPause: isBun,
    takesProtocolCodes: false,
    waitsForNoTcpEnd: !isBun,
  },
  {
    name: "a server's socket",
    open: openServerRig,
    canPause: isBun,
    takesProtocolCodes: true,
    limitsMessages: isBun,
    waitsForNoTcpEnd: true,
  },
];

/** Options of a dial that only say where to. */
export function dialTo(url: string, options: Partial<DialOptions> = {}): DialOptions {
  return { url, headers: {}, tls: undefined, WebSocket: undefined, ...options };
}

/** Dials once. */
export async function dial(options: DialOptions, signal = new AbortController().signal): Promise<Socket> {
  const dialer = runtime.dialer(options);
  try {
    return await dialer.dial(signal);
  } finally {
    dialer.close();
  }
}

/** A server of the module that accepts all upgrades. */
export class UpgradingServer implements AsyncDisposable {
  readonly #listener: Listener;
  readonly #sockets: Promise<Socket>[];
  #taken = 0;

  private constructor(listener: Listener, sockets: Promise<Socket>[]) {
    this.#listener = listener;
    this.#sockets = sockets;
  }

  static async listen(options: Partial<Parameters<typeof runtime.serve>[0]> = {}): Promise<UpgradingServer> {
    const sockets: Promise<Socket>[] = [];
    const listener = await runtime.serve(
      { hostname: "127.0.0.1", port: 0, tls: undefined, ...options },
      (request, serverOrInfo) => {
        const { promise, resolve: opened, reject: failed } = Promise.withResolvers<Socket>();
        promise.catch(() => {}); // not every test asks for it
        sockets.push(promise);
        const peer = runtime.remoteAddress(request, serverOrInfo);
        return runtime.upgrade(request, serverOrInfo, peer, { opened, failed });
      },
    );
    return new UpgradingServer(listener, sockets);
  }

  get address(): NetAddress {
    return this.#listener.address;
  }

  get port(): number {
    return this.address.port;
  }

  /** The socket of the next upgraded request, which must have been made already. */
  nextSocket(): Promise<Socket> {
    return this.#sockets[this.#taken++];
  }

  /** Closes the server, and drops all sockets too. */
  [Symbol.asyncDispose](): Promise<void> {
    return this.#listener.close();
  }
}

async function openClientRig(options: Partial<DialOptions>): Promise<Rig> {
  const server = await Npws1Server.listen(({ link, accept }) => link.write(accept));
  const socket = await dial(dialTo(server.url, options));
  return rig(socket, await server.nextLink(), server);
}

async function openServerRig(): Promise<Rig> {
  const server = await UpgradingServer.listen();
  const { link } = await requestUpgrade(server.port);
  return rig(await server.nextSocket(), link, server);
}

function rig(socket: Socket, peer: RawLink, server: AsyncDisposable): Rig {
  const heard = new Recorder();
  socket.handler = heard;
  return {
    socket,
    heard,
    peer,
    async [Symbol.asyncDispose]() {
      socket.terminate();
      peer.destroy();
      await server[Symbol.asyncDispose]();
    },
  };
}

import type { Socket } from "node:net";
import { ClientPool, type PoolConnection, ServerPool } from "@npws/pool";
import type { RelayEnd } from "@npws/pool/relay";
import { MessageSession, serveMessages } from "./message_session.ts";
import { raw } from "./raw.ts";
import { median } from "./statistics.ts";
import { serveStreams, StreamSession } from "./stream_session.ts";
import { dialTcp, serveTcp } from "./tcp.ts";

/** The control link, over which the client announces each link that it has taken: the first link of a new server pool. */
const CONTROL_ID = "00000000";
const ID_LENGTH = 8;

/** More idle links than any case opens. */
const MAX_LINKS = 20_000;

/** More links than a run has workers. */
const LINKS = 64;

/**
 * How a session transfers its bytes:
 * - over a pool connection whose id is announced to the server (`told`), from `open()`, or from `open()` with early data;
 * - over a fresh raw WebSocket or a fresh TCP connection;
 * - over an open raw WebSocket, with the messages that the pool would send: either bare, which shows the runtime's own limit,
 *   or through web streams that are created for each session, which shows the API's limit.
 */
export type SessionKind = PoolKind | StreamKind | "raw" | "tcp" | "messages";

type PoolKind = "told" | "open" | "early";
type StreamKind = "streams" | "earlyStreams";

/** The addresses of a server's session endpoints. */
export interface SessionAddresses {
  readonly pool: string;
  readonly raw: string;
  readonly messages: string;
  readonly streams: string;
  readonly tcp: number;
}

/** Answers each session with as many bytes as it received. */
export class SessionServer {
  readonly #pool = new ServerPool({ hostname: "127.0.0.1", maxCapacity: MAX_LINKS });

  async listen(): Promise<SessionAddresses> {
    await this.#pool.start();
    const port = await raw.serve((socket) => {
      socket.onMessage = (byteLength) => socket.send(new Uint8Array(byteLength));
      socket.send(new Uint8Array(4));
    });
    return {
      pool: `ws://127.0.0.1:${this.#pool.address.port}`,
      raw: `ws://127.0.0.1:${port}`,
      messages: `ws://127.0.0.1:${await serveMessages()}`,
      streams: `ws://127.0.0.1:${await serveStreams(answer)}`,
      tcp: await serveTcp((socket) => socket.pipe(socket), true),
    };
  }

  serve(): void {
    this.#serveTold();
    this.#serveOpened();
  }

  async #serveOpened(): Promise<void> {
    for await (const connection of this.#pool.accepted()) answer(connection);
  }

  async #serveTold(): Promise<void> {
    const control = await this.#pool.outgoingGet(CONTROL_ID);
    const decoder = new TextDecoder();
    let text = "";
    for await (const chunk of control.readable) {
      text += decoder.decode(chunk);
      for (; text.length >= ID_LENGTH; text = text.slice(ID_LENGTH)) {
        this.#pool.outgoingGet(text.slice(0, ID_LENGTH)).then(answer);
      }
    }
  }
}

/** Runs sessions: each gets a connection, sends bytes, and reads the same number back. */
export class SessionClient {
  #addresses!: SessionAddresses;
  #pool!: ClientPool;
  #control!: WritableStreamDefaultWriter<Uint8Array>;
  /** Open raw WebSockets that no session uses. */
  readonly #idle: MessageSession[] = [];
  #streams!: StreamSession;

  async connectTo(addresses: SessionAddresses): Promise<void> {
    this.#addresses = addresses;
    this.#pool = new ClientPool({ url: addresses.pool, minCapacity: LINKS, maxCapacity: LINKS });
    await this.#pool.start();
    this.#control = (await this.#pool.outgoingGet(CONTROL_ID)).writable.getWriter();
    while (this.#idle.length < LINKS) this.#idle.push(new MessageSession(await raw.dial(addresses.messages)));
    this.#streams = new StreamSession(await raw.dial(addresses.streams));
  }

  /** How many sessions per second `workers` concurrent workers complete. */
  async perSecond(kind: SessionKind, workers: number, sessions: number, byteLength: number): Promise<number> {
    const startedAt = performance.now();
    let left = sessions;
    const work = async () => {
      while (left-- > 0) await this.#session(kind, byteLength);
    };
    await Promise.all(Array.from({ length: workers }, work));
    return sessions / (performance.now() - startedAt) * 1_000;
  }

  /** The median duration of sequential sessions, in microseconds. */
  async medianUs(kind: SessionKind, sessions: number, byteLength: number): Promise<number> {
    return median(await timesUs(sessions, () => this.#session(kind, byteLength)));
  }

  /** The median round trip of one byte on an open raw WebSocket, in microseconds. */
  async rawRoundTripUs(times: number): Promise<number> {
    const socket = await raw.dial(this.#addresses.raw);
    const measured = await timesUs(times, () => {
      const answered = new Promise<void>((resolve) => socket.onMessage = () => resolve());
      socket.send(new Uint8Array(1));
      return answered;
    });
    await socket.close();
    return median(measured);
  }

  async #session(kind: SessionKind, byteLength: number): Promise<void> {
    switch (kind) {
      case "raw":
        return await this.#rawSession(byteLength);
      case "tcp":
        return await tcpSession(await dialTcp(this.#addresses.tcp), byteLength);
      case "messages":
        return await this.#messageSession(byteLength);
      case "streams":
        return await exchange(await this.#streams.open(), byteLength);
      case "earlyStreams":
        return await exchange(this.#streams.openEarly(), byteLength);
      default:
        return await exchange(await this.#get(kind), byteLength);
    }
  }

  async #get(kind: PoolKind): Promise<PoolConnection> {
    if (kind !== "told") return await this.#pool.open({ early: kind === "early" });
    const connection = await this.#pool.incomingGet();
    this.#control.write(new TextEncoder().encode(connection.id));
    return connection;
  }

  async #rawSession(byteLength: number): Promise<void> {
    const socket = await raw.dial(this.#addresses.raw);
    const answered = new Promise<void>((resolve) => socket.onMessage = () => resolve());
    socket.send(new Uint8Array(byteLength));
    await answered;
    await socket.close();
  }

  async #messageSession(byteLength: number): Promise<void> {
    const session = this.#idle.pop()!;
    await session.run(byteLength);
    this.#idle.push(session);
  }
}

async function timesUs(count: number, run: () => Promise<void>): Promise<number[]> {
  const measured: number[] = [];
  for (let i = 0; i < count; i++) {
    const startedAt = performance.now();
    await run();
    measured.push((performance.now() - startedAt) * 1_000);
  }
  return measured;
}

/** Sends bytes, ends the writable, and reads the same number back. */
export async function exchange({ readable, writable }: RelayEnd, byteLength: number): Promise<void> {
  const writer = writable.getWriter();
  writer.write(new Uint8Array(byteLength));
  writer.close();
  const reader = readable.getReader();
  let left = byteLength;
  for (let read = await reader.read(); !read.done; read = await reader.read()) left -= read.value.byteLength;
  assertNothingLeft(left, byteLength);
}

async function tcpSession(socket: Socket, byteLength: number): Promise<void> {
  let left = byteLength;
  socket.on("data", (chunk) => left -= chunk.length);
  const closed = new Promise((resolve) => socket.once("close", resolve));
  socket.end(new Uint8Array(byteLength));
  await closed;
  assertNothingLeft(left, byteLength);
}

function assertNothingLeft(left: number, byteLength: number): void {
  if (left !== 0) throw new Error(`Cannot finish session: ${left} of ${byteLength} bytes are missing`);
}

/** Echoes what arrives. */
async function answer({ readable, writable }: RelayEnd): Promise<void> {
  const writer = writable.getWriter();
  const reader = readable.getReader();
  for (let read = await reader.read(); !read.done; read = await reader.read()) writer.write(read.value);
  await writer.close();
}

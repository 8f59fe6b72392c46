import { ClientPool, type PoolConnection, ServerPool } from "@npws/pool";
import { median } from "./median.ts";
import type { PipeKind } from "./pipe.ts";
import { raw } from "./raw.ts";

/** The one link over which the client tells which link it has taken: the first of a server pool's life. */
const CONTROL_ID = "00000000";
const ID_LENGTH = 8;

/** How a session gets its connection: by an id that is told over the control link, by `open()`, or by `open()` with early data. */
export type Start = "told" | "open" | "early";

/** Answers each session with as many bytes as it got. */
export class SessionServer {
  readonly #pool = new ServerPool({ hostname: "127.0.0.1", maxCapacity: 1_000 });

  async listen(): Promise<Record<PipeKind, string>> {
    await this.#pool.start();
    const port = await raw.serve((socket) => {
      socket.onMessage = (byteLength) => socket.send(new Uint8Array(byteLength));
      socket.send(new Uint8Array(4));
    });
    return { raw: `ws://127.0.0.1:${port}`, pool: `ws://127.0.0.1:${this.#pool.address.port}` };
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
    let text = "";
    for await (const chunk of control.readable.pipeThrough(new TextDecoderStream())) {
      text += chunk;
      for (; text.length >= ID_LENGTH; text = text.slice(ID_LENGTH)) {
        this.#pool.outgoingGet(text.slice(0, ID_LENGTH)).then(answer);
      }
    }
  }
}

/** Runs sessions: each gets a connection, sends bytes, and reads as many. */
export class SessionClient {
  #urls!: Record<PipeKind, string>;
  #pool!: ClientPool;
  #control!: WritableStreamDefaultWriter<Uint8Array>;

  async connectTo(urls: Record<PipeKind, string>): Promise<void> {
    this.#urls = urls;
    this.#pool = new ClientPool({ url: urls.pool, minCapacity: 64, maxCapacity: 64 });
    await this.#pool.start();
    this.#control = (await this.#pool.outgoingGet(CONTROL_ID)).writable.getWriter();
  }

  /** How many sessions a second so many workers have. */
  async perSecond(
    kind: PipeKind,
    start: Start,
    workers: number,
    sessions: number,
    byteLength: number,
  ): Promise<number> {
    const startedAt = performance.now();
    let left = sessions;
    const work = async () => {
      while (left-- > 0) await this.#session(kind, start, byteLength);
    };
    await Promise.all(Array.from({ length: workers }, work));
    return sessions / (performance.now() - startedAt) * 1_000;
  }

  /** The median time of sessions one after the other, in microseconds. */
  async medianUs(kind: PipeKind, start: Start, sessions: number, byteLength: number): Promise<number> {
    const timesUs: number[] = [];
    for (let i = 0; i < sessions; i++) {
      const startedAt = performance.now();
      await this.#session(kind, start, byteLength);
      timesUs.push((performance.now() - startedAt) * 1_000);
    }
    return median(timesUs);
  }

  /** The median round trip of one byte on a raw WebSocket that is open, in microseconds. */
  async rawRoundTripUs(times: number): Promise<number> {
    const socket = await raw.dial(this.#urls.raw);
    const timesUs: number[] = [];
    for (let i = 0; i < times; i++) {
      const startedAt = performance.now();
      const answered = new Promise<void>((resolve) => socket.onMessage = () => resolve());
      socket.send(new Uint8Array(1));
      await answered;
      timesUs.push((performance.now() - startedAt) * 1_000);
    }
    await socket.close();
    return median(timesUs);
  }

  #session(kind: PipeKind, start: Start, byteLength: number): Promise<void> {
    return kind === "raw" ? this.#rawSession(byteLength) : this.#poolSession(start, byteLength);
  }

  async #poolSession(start: Start, byteLength: number): Promise<void> {
    const connection = await this.#get(start);
    const writer = connection.writable.getWriter();
    writer.write(new Uint8Array(byteLength));
    writer.close();
    const reader = connection.readable.getReader();
    let left = byteLength;
    for (let read = await reader.read(); !read.done; read = await reader.read()) left -= read.value.byteLength;
    if (left !== 0) throw new Error(`Cannot finish session: ${left} of ${byteLength} bytes are missing`);
  }

  async #get(start: Start): Promise<PoolConnection> {
    if (start !== "told") return await this.#pool.open({ early: start === "early" });
    const connection = await this.#pool.incomingGet();
    this.#control.write(new TextEncoder().encode(connection.id));
    return connection;
  }

  async #rawSession(byteLength: number): Promise<void> {
    const socket = await raw.dial(this.#urls.raw);
    const answered = new Promise<void>((resolve) => socket.onMessage = () => resolve());
    socket.send(new Uint8Array(byteLength));
    await answered;
    await socket.close();
  }
}

async function answer(connection: PoolConnection): Promise<void> {
  const bytes = new Uint8Array(await new Response(connection.readable).arrayBuffer());
  const writer = connection.writable.getWriter();
  writer.write(bytes);
  await writer.close();
}

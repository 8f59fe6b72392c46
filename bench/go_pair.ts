import { buildGoPeer } from "../tests/interop/go_build.ts";
import { type GoPeer, startGoPeer } from "../tests/interop/go_peer.ts";
import type { Role } from "./remote.ts";

/** How many links the pools keep idle. */
const CAPACITY = 64;

/** How many bytes a session sends and reads back. */
const SESSION_BYTES = 1_024;

/** Two Go processes that speak npws/1 with each other as Go applications do. */
export class GoPair implements AsyncDisposable {
  readonly #peers: Record<Role, GoPeer>;
  /** An open stream between them. */
  readonly #stream: string;

  private constructor(peers: Record<Role, GoPeer>, stream: string) {
    this.#peers = peers;
    this.#stream = stream;
  }

  /** Builds and starts both; undefined where Go is not available. */
  static async start(): Promise<GoPair | undefined> {
    const build = await buildGoPeer();
    if ("missing" in build) return undefined;
    const server = await startGoPeer(build.program, { role: "server", capacity: 2 * CAPACITY });
    const url = `ws://127.0.0.1:${server.port}`;
    const client = await startGoPeer(build.program, { role: "client", url, capacity: CAPACITY });
    const served = server.serve(SESSION_BYTES); // fetches the very first link
    await client.sessions(1, 1, SESSION_BYTES);
    await served;
    const stream = await client.any();
    await server.fetch(stream);
    return new GoPair({ client, server }, stream);
  }

  async sessionsPerSecond(workers: number, sessions: number): Promise<number> {
    return sessions / await this.#sessions(workers, sessions) * 1_000_000;
  }

  async sessionUs(sessions: number): Promise<number> {
    return await this.#sessions(1, sessions) / sessions;
  }

  async roundTripUs(times: number): Promise<number> {
    const { client, server } = this.#peers;
    const [us] = await Promise.all([client.ask(this.#stream, times, 1), server.answer(this.#stream, times, 1)]);
    return Number(us) / times;
  }

  async mbPerSecond(sender: Role, byteLength: number, chunkBytes: number): Promise<number> {
    const receiver = sender === "client" ? "server" : "client";
    const [us] = await Promise.all([
      this.#peers[sender].pour(this.#stream, byteLength, chunkBytes),
      this.#peers[receiver].drink(this.#stream, byteLength),
    ]);
    return byteLength / Number(us);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const peer of Object.values(this.#peers)) await peer[Symbol.asyncDispose]();
  }

  async #sessions(workers: number, sessions: number): Promise<number> {
    return Number(await this.#peers.client.sessions(workers, sessions, SESSION_BYTES));
  }
}

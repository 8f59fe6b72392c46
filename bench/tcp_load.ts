import { once } from "node:events";
import { readFileSync } from "node:fs";
import type { Socket } from "node:net";
import { setTimeout as delay } from "node:timers/promises";
import { percentile } from "./statistics.ts";
import { dialTcp } from "./tcp.ts";
import { request, REQUEST_BYTES, sendAll, type Wish } from "./tcp_target.ts";

/** A path to the target, and the processes on it. */
export interface Way {
  readonly port: number;
  readonly pids: readonly number[];
}

const GIB = 1024 ** 3;
const MIB = 1024 ** 2;

/** Ticks of the system clock per second, for processor times (USER_HZ). */
const TICKS = 100;

/** More than any transfer moves. */
const ENDLESS_BYTES = 2 ** 40;

/** What a new connection sends and receives, in bytes. */
const EXCHANGE_BYTES = 100;

/** Puts load on the paths to the target, which the caller names. */
export class TcpLoad {
  #ways: Record<string, Way> = {};
  #held: Socket[] = [];

  use(ways: Record<string, Way>): void {
    this.#ways = ways;
  }

  /** The transfer rate over several concurrent connections, in MB/s. */
  async mbPerSecond(
    way: string,
    wish: "download" | "upload",
    byteLength: number,
    connections: number,
  ): Promise<number> {
    const startedAt = performance.now();
    await Promise.all(Array.from({ length: connections }, () => this.#bulk(way, wish, byteLength)));
    return connections * byteLength / (performance.now() - startedAt) / 1_000;
  }

  /** The transfer rate between two moments of a transfer that does not end on its own, in MB/s. */
  async mbPerSecondBetween(way: string, wish: "download" | "upload", fromMs: number, toMs: number): Promise<number> {
    const socket = await this.#dial(way, wish, ENDLESS_BYTES);
    let moved = 0;
    const count = (bytes: number) => moved += bytes;
    socket.on("data", (chunk) => count(chunk.length));
    if (wish === "upload") sendAll(socket, ENDLESS_BYTES, count);
    await delay(fromMs);
    const from = { at: performance.now(), moved };
    await delay(toMs - fromMs);
    const rate = (moved - from.moved) / (performance.now() - from.at) / 1_000;
    socket.on("error", () => {}).resetAndDestroy();
    return rate;
  }

  /** Processor time of the processes on the path, in seconds per GiB. */
  async cpuSecondsPerGib(way: string, wish: "download" | "upload", byteLength: number): Promise<number> {
    const { pids } = this.#way(way);
    const before = cpuSeconds(pids);
    await this.#bulk(way, wish, byteLength);
    return (cpuSeconds(pids) - before) / (byteLength / GIB);
  }

  /** How many new connections per second `workers` workers make, each exchanging a few bytes. */
  async connectionsPerSecond(way: string, workers: number, connections: number): Promise<number> {
    const startedAt = performance.now();
    await this.#connect(way, workers, connections);
    return connections / (performance.now() - startedAt) * 1_000;
  }

  /** The time from the start of a new connection to the first byte back, in microseconds: the percentile given by `share`. */
  async firstByteUs(way: string, workers: number, connections: number, share: number): Promise<number> {
    return percentile(await this.#connect(way, workers, connections), share);
  }

  /** The median round trip on an established connection, in microseconds. */
  async roundTripUs(way: string, times: number): Promise<number> {
    const socket = await this.#dial(way, "echo");
    await once(socket, "data");
    const measured: number[] = [];
    for (let i = 0; i < times; i++) {
      const startedAt = performance.now();
      socket.write("x");
      await once(socket, "data");
      measured.push((performance.now() - startedAt) * 1_000);
    }
    socket.destroy();
    return percentile(measured, 0.5);
  }

  /** Memory of the processes on the path while `connections` connections are open, in MiB. */
  async heldMib(way: string, connections: number): Promise<number> {
    while (this.#held.length < connections) {
      const socket = await this.#dial(way, "echo");
      await once(socket, "data");
      this.#held.push(socket);
    }
    const bytes = residentBytes(this.#way(way).pids);
    for (const socket of this.#held.splice(0)) socket.destroy();
    return bytes / MIB;
  }

  async #connect(way: string, workers: number, connections: number): Promise<number[]> {
    const firstBytesUs: number[] = [];
    let left = connections;
    await Promise.all(Array.from({ length: workers }, async () => {
      while (left-- > 0) firstBytesUs.push(await this.#exchange(way));
    }));
    return firstBytesUs;
  }

  async #exchange(way: string): Promise<number> {
    const startedAt = performance.now();
    const socket = await dialTcp(this.#way(way).port, true);
    let us: number | undefined;
    let left = EXCHANGE_BYTES;
    socket.on("data", (chunk) => {
      us ??= (performance.now() - startedAt) * 1_000;
      left -= chunk.length;
    });
    const closed = new Promise((resolve) => socket.once("close", resolve));
    socket.write(request("echo", 0));
    socket.end(new Uint8Array(EXCHANGE_BYTES - REQUEST_BYTES));
    await closed;
    if (left !== 0) throw new Error(`Cannot exchange over ${way}: ${left} bytes are missing`);
    return us!;
  }

  async #bulk(way: string, wish: "download" | "upload", byteLength: number): Promise<void> {
    const socket = await this.#dial(way, wish, byteLength);
    const closed = new Promise((resolve) => socket.once("close", resolve));
    let left = wish === "download" ? byteLength : 1;
    socket.on("data", (chunk) => left -= chunk.length);
    if (wish === "upload") sendAll(socket, byteLength);
    else socket.end();
    await closed;
    if (left !== 0) throw new Error(`Cannot ${wish} over ${way}: ${left} bytes are missing`);
  }

  async #dial(way: string, wish: Wish, byteLength = 0): Promise<Socket> {
    const socket = await dialTcp(this.#way(way).port, true);
    socket.write(request(wish, byteLength));
    return socket;
  }

  #way(name: string): Way {
    const way = this.#ways[name];
    if (!way) throw new Error(`Cannot go the way ${name}: it is not open`);
    return way;
  }
}

function cpuSeconds(pids: readonly number[]): number {
  const ticks = pids.map((pid) => {
    // The second field, the program's name, may contain spaces.
    const fields = readFileSync(`/proc/${pid}/stat`, "utf8").replace(/^.*\) /, "").split(" ");
    return Number(fields[11]) + Number(fields[12]);
  });
  return sum(ticks) / TICKS;
}

function residentBytes(pids: readonly number[]): number {
  return sum(pids.map((pid) => {
    const [, kib] = /^VmRSS:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, "utf8"))!;
    return 1_024 * Number(kib);
  }));
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}

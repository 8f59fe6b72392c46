import type { PoolStats } from "@npws/pool";
import { type ChildProcessByStdio, spawn } from "node:child_process";
import process from "node:process";
import type { Readable, Writable } from "node:stream";
import { fileURLToPath } from "node:url";
import type { Certificate } from "./certificate.ts";
import { decode, encode, type FromServer, type ToServer } from "./messages.ts";

/** The program of the server process. */
export const SERVER_PROGRAM = new URL("./server_process.ts", import.meta.url);

/** How long the server process may take to end, in milliseconds. */
const END_TIMEOUT_MS = 5_000;

/** The demo's server, in a process that ends when this object is disposed, and when the demo's own process ends. */
export class Server implements AsyncDisposable {
  readonly #child: ChildProcessByStdio<Writable, Readable, null>;
  readonly #exited: Promise<void>;
  readonly #listening = Promise.withResolvers<number>();
  readonly #arrivals = new Map<string, PromiseWithResolvers<string>>();
  readonly #stats = Promise.withResolvers<PoolStats>();

  /** Starts the process. When the signal aborts, pending promises reject with its reason. */
  constructor(program: URL, signal: AbortSignal) {
    const run = process.versions.bun ? ["run"] : ["run", "-A", "--quiet"];
    this.#child = spawn(process.execPath, [...run, fileURLToPath(program)], { stdio: ["pipe", "pipe", "inherit"] });
    this.#exited = new Promise((resolve) => this.#child.once("close", () => resolve()));
    this.#child.once("error", ({ message }) => this.#fail(new Error(`Cannot start the server process: ${message}`)));
    this.#child.stdin.on("error", ignore); // the exit event reports that nobody reads it
    this.#listening.promise.catch(ignore);
    this.#stats.promise.catch(ignore);
    signal.addEventListener("abort", () => this.#fail(signal.reason), { once: true });
    this.#hear();
  }

  get pid(): number | undefined {
    return this.#child.pid;
  }

  /** Resolves with the port once the server listens. */
  listen(port: number, { cert, key }: Certificate, maxCapacity: number): Promise<number> {
    this.#tell({ kind: "listen", port, cert, key, maxCapacity });
    return this.#listening.promise;
  }

  /** Resolves with the SHA-256 of everything that arrived on a connection, once the server has sent it back. */
  arrived(id: string): Promise<string> {
    return this.#arrivalOn(id).promise;
  }

  /** The statistics of the server's pool. */
  stats(): Promise<PoolStats> {
    this.#tell({ kind: "tellStats" });
    return this.#stats.promise;
  }

  /** Ends the process. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#child.stdin.end();
    const timer = setTimeout(() => this.#child.kill("SIGKILL"), END_TIMEOUT_MS);
    await this.#exited;
    clearTimeout(timer);
  }

  #tell(message: ToServer): void {
    this.#child.stdin.write(encode(message));
  }

  /** Either side may be the first to mention a connection. */
  #arrivalOn(id: string): PromiseWithResolvers<string> {
    const known = this.#arrivals.get(id);
    if (known) return known;
    const arrival = Promise.withResolvers<string>();
    this.#arrivals.set(id, arrival);
    return arrival;
  }

  async #hear(): Promise<void> {
    for await (const message of decode<FromServer>(this.#child.stdout)) this.#receive(message);
    this.#fail(new Error("Cannot continue: the server process has ended"));
  }

  #receive(message: FromServer): void {
    switch (message.kind) {
      case "listening":
        return this.#listening.resolve(message.port);
      case "arrived":
        return this.#arrivalOn(message.id).resolve(message.sha256);
      case "stats":
        return this.#stats.resolve(message.stats);
      case "failed":
        return this.#fail(new Error(message.message));
    }
  }

  /** Rejects every pending promise. */
  #fail(error: unknown): void {
    for (const { reject } of [this.#listening, this.#stats, ...this.#arrivals.values()]) reject(error);
  }
}

function ignore(): void {}
